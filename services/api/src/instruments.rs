//! The instruments that are shipped: what can be recorded with each, and what comes of it.

use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use throughline_domain::code::Code;
use throughline_domain::code_lists::{CodeList as _, RiskAnswer, RiskLevel};
use throughline_domain::instrument::{
    self, AllowedValues, Dimension, Form, Instrument, LevelRule, Question, Threshold,
};
use utoipa::ToSchema;

use crate::problem::{self, Problem};
use crate::query::Query;
use crate::schema::{code_list, instrument_kind, list_of};

/// Every instrument.
#[derive(Serialize, ToSchema)]
pub struct InstrumentsAnswer {
    /// Those of risk first.
    instruments: Vec<InstrumentName>,
}

/// One instrument, in one version.
#[derive(Serialize, ToSchema)]
pub struct InstrumentName {
    /// The name and version, as commands give it: `dash-safelives/2009`.
    id: &'static str,
    /// The name.
    name: &'static str,
    /// The version.
    version: &'static str,
    /// What it is for: a risk assessment, or a measure.
    #[schema(schema_with = instrument_kind)]
    kind: &'static str,
    /// What it is called.
    title: &'static str,
}

/// One instrument, whole. Questions and dimensions are paraphrased: the forms have their owners'
/// wording.
#[derive(Serialize, ToSchema)]
pub struct InstrumentAnswer {
    /// Its name and kind.
    #[serde(flatten)]
    name: InstrumentName,
    /// Where it comes from.
    source: &'static str,
    /// What whoever uses it has to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
    /// Of a risk instrument: its questions. Where there are none, only the result is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    questions: Option<Vec<QuestionAnswer>>,
    /// Of a risk instrument: how answers come to a level. Where it is absent, the assessor's own level
    /// is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    level_rule: Option<LevelRuleAnswer>,
    /// Of a measure: what it measures.
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<Vec<DimensionAnswer>>,
}

/// A question.
#[derive(Serialize, ToSchema)]
pub struct QuestionAnswer {
    /// The key of its answer.
    key: &'static str,
    /// What it is about.
    about: &'static str,
}

/// How answers come to a level: by how many count.
#[derive(Serialize, ToSchema)]
pub struct LevelRuleAnswer {
    /// The answers that count.
    #[schema(schema_with = list_of::<RiskAnswer>)]
    counted: Vec<&'static str>,
    /// The answers that could have counted: an assessment says when they could reach high.
    #[schema(schema_with = list_of::<RiskAnswer>)]
    could_count: Vec<&'static str>,
    /// From which count each level is reached, the highest first; below the last it is standard.
    thresholds: Vec<ThresholdAnswer>,
    /// What judgement may do: `raises_only`.
    judgement: &'static str,
}

/// From which count a level is reached.
#[derive(Serialize, ToSchema)]
pub struct ThresholdAnswer {
    /// The level.
    #[schema(schema_with = code_list::<RiskLevel>)]
    level: &'static str,
    /// The least count.
    from: u8,
    /// Whose threshold it is.
    source: &'static str,
}

/// One thing that is measured. Its value may always be missing, with the reason.
#[derive(Serialize, ToSchema)]
pub struct DimensionAnswer {
    /// The key of its value.
    key: &'static str,
    /// What it is about.
    about: &'static str,
    /// The codes that the value is one of, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    codes: Option<Vec<&'static str>>,
    /// The least and the greatest whole number that the value is.
    #[serde(skip_serializing_if = "Option::is_none")]
    whole: Option<WholeAnswer>,
}

/// Bounds, both included.
#[derive(Serialize, ToSchema)]
pub struct WholeAnswer {
    /// The least.
    min: i64,
    /// The greatest.
    max: i64,
}

/// An instrument's place.
#[derive(Deserialize)]
pub struct InstrumentPath {
    instrument: String,
    version: String,
}

/// Lists the instruments.
///
/// # Errors
/// [`problem::INVALID`] for any parameter.
pub async fn read_instruments(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let instruments = instrument::all().iter().map(InstrumentName::from).collect();
    Ok(HttpResponse::Ok().json(InstrumentsAnswer { instruments }))
}

/// Reads one instrument.
///
/// # Errors
/// [`problem::NOT_FOUND`] when there is none of this name and version.
pub async fn read_instrument(
    request: HttpRequest,
    path: Path<InstrumentPath>,
) -> Result<HttpResponse, Problem> {
    Query::read(&request, &[])?;
    let id = format!("{}/{}", path.instrument, path.version);
    let instrument = instrument::find(&id).ok_or_else(|| Problem::new(problem::NOT_FOUND))?;
    Ok(HttpResponse::Ok().json(InstrumentAnswer::from(instrument)))
}

impl From<&'static Instrument> for InstrumentName {
    fn from(instrument: &'static Instrument) -> Self {
        Self {
            id: instrument.id.as_str(),
            name: instrument.name(),
            version: instrument.version(),
            kind: match instrument.form {
                Form::Risk(_) => "risk",
                Form::Measure(_) => "measure",
            },
            title: &instrument.title,
        }
    }
}

impl From<&'static Instrument> for InstrumentAnswer {
    fn from(instrument: &'static Instrument) -> Self {
        let (questions, level_rule, dimensions) = match &instrument.form {
            Form::Risk(form) => (
                Some(form.questions.iter().map(QuestionAnswer::from).collect()),
                form.level_rule.as_ref().map(LevelRuleAnswer::from),
                None,
            ),
            Form::Measure(form) => {
                (None, None, Some(form.dimensions.iter().map(DimensionAnswer::from).collect()))
            }
        };
        Self {
            name: instrument.into(),
            source: &instrument.source,
            note: instrument.note.as_deref(),
            questions,
            level_rule,
            dimensions,
        }
    }
}

impl From<&'static Question> for QuestionAnswer {
    fn from(question: &'static Question) -> Self {
        Self { key: question.key.as_str(), about: &question.about }
    }
}

impl From<&'static LevelRule> for LevelRuleAnswer {
    fn from(rule: &'static LevelRule) -> Self {
        let texts = |answers: &[RiskAnswer]| answers.iter().map(|answer| answer.as_str()).collect();
        Self {
            counted: texts(&rule.counted),
            could_count: texts(&rule.could_count),
            thresholds: rule.thresholds.iter().map(ThresholdAnswer::from).collect(),
            judgement: rule.judgement.as_str(),
        }
    }
}

impl From<&'static Threshold> for ThresholdAnswer {
    fn from(threshold: &'static Threshold) -> Self {
        let level = threshold.level.as_str();
        Self { level, from: threshold.from, source: &threshold.source }
    }
}

impl From<&'static Dimension> for DimensionAnswer {
    fn from(dimension: &'static Dimension) -> Self {
        let (codes, whole) = match &dimension.values {
            AllowedValues::Codes(codes) => (Some(codes.iter().map(Code::as_str).collect()), None),
            AllowedValues::Whole { min, max } => (None, Some(WholeAnswer { min: *min, max: *max })),
        };
        Self { key: dimension.key.as_str(), about: &dimension.about, codes, whole }
    }
}
