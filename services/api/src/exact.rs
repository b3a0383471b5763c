//! Reading a JSON value as a type, an object only from an object.
//!
//! serde's structs are read from arrays as well, by the order of their members. The description
//! knows of no such form, and an order that a client relied on could never be changed again.

use serde::Deserializer;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{IntoDeserializer, Visitor};
use serde_json::{Error, Value};

/// A value that structs are read from by their members' names alone, at any depth.
#[derive(Debug)]
pub struct Exact(pub Value);

impl IntoDeserializer<'_, Error> for Exact {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Exact {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Self));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, v)| (Self(name.into()), Self(v)));
                let mut members = MapDeserializer::new(members);
                let value = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(value)
            }
            single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                single.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    /// What is no object is left to the value, which refuses it in its own words.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_object() {
            self.deserialize_any(visitor)
        } else {
            self.0.deserialize_map(visitor)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        level: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        inner: Inner,
        many: Vec<Inner>,
        named: BTreeMap<String, Inner>,
    }

    fn read(value: Value) -> Result<Outer, Error> {
        Outer::deserialize(Exact(value))
    }

    #[test]
    fn an_object_is_read_as_serde_reads_it() {
        let value = json!({
            "inner": {"level": 1}, "many": [{"level": null}, {}], "named": {"a": {"level": 2}}
        });
        let plain: Outer = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(read(value).unwrap(), plain);
    }

    #[test]
    fn null_is_no_map() {
        assert!(read(json!({"inner": {}, "many": [], "named": null})).is_err());
        assert!(serde_json::Map::deserialize(Exact(Value::Null)).is_err());
    }

    #[test]
    fn an_array_is_no_object_at_any_depth() {
        for value in [
            json!([{"level": 1}, [], {}]),
            json!({"inner": [1], "many": [], "named": {}}),
            json!({"inner": {}, "many": [[1]], "named": {}}),
            json!({"inner": {}, "many": [], "named": {"a": [1]}}),
        ] {
            assert!(serde_json::from_value::<Outer>(value.clone()).is_ok(), "{value}");
            assert!(read(value.clone()).is_err(), "{value}");
        }
    }
}
