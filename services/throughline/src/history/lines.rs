//! The lines of a file, numbered, each of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};

use crate::history::error::LineError;

/// The longest line, in bytes.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Reads line by line, keeping one in memory.
pub(crate) struct Lines<R> {
    reader: R,
    number: u64,
    bytes: u64,
    line: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// Begins at the first line.
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, number: 0, bytes: 0, line: Vec::new() }
    }

    /// The number of the line read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// How many bytes have been read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line that is not blank; `None` at the end of the file.
    ///
    /// The inner error is about the line, the outer one about reading at all.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Result<&[u8], LineError>>> {
        loop {
            self.line.clear();
            let mut limited = (&mut self.reader).take(LINE_BYTES_MAX + 1);
            let read = limited.read_until(b'\n', &mut self.line).await?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.bytes += u64::try_from(read).unwrap_or(u64::MAX);
            if self.line.len() as u64 > LINE_BYTES_MAX {
                return Ok(Some(Err(LineError::TooLong)));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        Ok(Some(Ok(self.line.trim_ascii())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn blank_lines_are_counted_and_passed_over() {
        let mut lines = Lines::new(&b"one\n\n  \r\n two\r\nlast"[..]);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            let line = line.unwrap().to_vec();
            seen.push((String::from_utf8(line).unwrap(), lines.number()));
        }
        let expected = [("one", 1), ("two", 4), ("last", 5)];
        assert_eq!(seen, expected.map(|(line, number)| (line.to_owned(), number)));
        assert_eq!(lines.bytes(), 19);
    }

    #[tokio::test]
    async fn a_line_without_an_end_does_not_fill_the_memory() {
        let mut lines = Lines::new(tokio::io::BufReader::new(tokio::io::repeat(b'x')));
        assert!(matches!(lines.next().await.unwrap(), Some(Err(LineError::TooLong))));
    }
}
