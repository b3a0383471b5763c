//! As much of PostgreSQL's protocol as it takes to notice the commit of an append.

use std::collections::HashSet;

/// A statement that only an append makes.
const APPENDING: &str = "INSERT INTO event ";
/// Messages longer than this are not looked into: none that matters is.
const LOOKED_INTO_MAX: usize = 64 << 10;
/// A message's type, and its length without the type.
const HEADER: usize = 5;

/// Follows what a client says on one connection, message by message.
#[derive(Debug, Default)]
pub(crate) struct Scanner {
    /// The first message has no type byte.
    begun: bool,
    /// The message that has not come whole yet, as far as it is kept.
    message: Vec<u8>,
    /// How many of its bytes are still to come; none before its header is there.
    missing: Option<usize>,
    appending: HashSet<Vec<u8>>,
    committing: HashSet<Vec<u8>>,
    wrote: bool,
}

impl Scanner {
    /// Takes the next bytes, and says after how many of them an append's commit ends, if one does.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut found = None;
        let mut at = 0;
        while at < bytes.len() {
            at += self.take(&bytes[at..]);
            if self.missing == Some(0) && self.ended() {
                found = found.or(Some(at));
            }
        }
        found
    }

    /// Takes bytes up to the end of a header or of a message, and says how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let header = if self.begun { HEADER } else { HEADER - 1 };
        let wanted = self.missing.unwrap_or_else(|| header - self.message.len());
        let taken = wanted.min(bytes.len());
        let room = LOOKED_INTO_MAX.saturating_sub(self.message.len());
        self.message.extend_from_slice(&bytes[..taken.min(room)]);
        self.missing = match self.missing {
            Some(missing) => Some(missing - taken),
            None if self.message.len() == header => {
                let length = self.message[header - 4..].try_into().unwrap();
                Some(usize::try_from(u32::from_be_bytes(length)).unwrap().saturating_sub(4))
            }
            None => None,
        };
        taken
    }

    /// Whether the message that is complete now commits an append.
    fn ended(&mut self) -> bool {
        self.missing = None;
        let message = std::mem::take(&mut self.message);
        if !std::mem::replace(&mut self.begun, true) {
            return false;
        }
        let body = &message[HEADER..];
        let mut texts = body.split(|byte| *byte == 0);
        let (first, second) = (texts.next().unwrap_or_default(), texts.next().unwrap_or_default());
        match message[0] {
            b'P' => {
                let sql = String::from_utf8_lossy(second);
                if sql.contains(APPENDING) {
                    self.appending.insert(first.to_vec());
                }
                if sql.starts_with("COMMIT") {
                    self.committing.insert(first.to_vec());
                }
                false
            }
            b'B' => {
                self.wrote |= self.appending.contains(second);
                self.wrote && self.committing.contains(second) && self.over()
            }
            b'Q' => {
                let ends = first.starts_with(b"COMMIT") || first.starts_with(b"ROLLBACK");
                ends && self.over() && first.starts_with(b"COMMIT")
            }
            _ => false,
        }
    }

    fn over(&mut self) -> bool {
        std::mem::take(&mut self.wrote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    fn conversation() -> (Vec<u8>, usize) {
        let startup = [&12_u32.to_be_bytes()[..], &[0, 3, 0, 0, 0, 0, 0, 0]].concat();
        let read = message(b'Q', b"BEGIN READ ONLY\0");
        let commit = message(b'Q', b"COMMIT\0");
        let parse = message(b'P', b"s1\0INSERT INTO event (tenant_no)\0\0\0");
        let bind = message(b'B', b"\0s1\0\0\0\0\0");
        let upto = [startup, read, commit.clone(), parse, bind, commit.clone()].concat();
        ([upto.clone(), commit].concat(), upto.len())
    }

    #[test]
    fn the_commit_of_an_append_is_found_and_no_other() {
        let (bytes, end) = conversation();
        assert_eq!(Scanner::default().feed(&bytes), Some(end));
        assert_eq!(Scanner::default().feed(&bytes[..end - 1]), None);
    }

    #[test]
    fn it_is_found_however_the_bytes_are_cut() {
        let (bytes, end) = conversation();
        for size in 1..20 {
            let mut scanner = Scanner::default();
            let mut found = Vec::new();
            for (number, chunk) in bytes.chunks(size).enumerate() {
                found.extend(scanner.feed(chunk).map(|at| number * size + at));
            }
            assert_eq!(found, [end], "in pieces of {size}");
        }
    }
}
