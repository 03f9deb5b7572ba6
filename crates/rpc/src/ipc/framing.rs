//! Where one JSON value ends and the next begins.

use bytes::{Buf, BytesMut};
use std::io;
use tokio_util::codec::Decoder;

/// Why the stream cannot be read on.
#[derive(Debug)]
pub(super) enum FrameError {
    TooLarge,
    NotJson,
    Io(io::Error),
}

impl From<io::Error> for FrameError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Cuts a stream into JSON objects and lists; whatever white space stands between them.
///
/// Keeps its place, so that a value that arrives in pieces is looked at once.
#[derive(Debug)]
pub(super) struct JsonFrames {
    max: usize,
    scanned: usize,
    /// Closing brackets that are owed, the innermost last.
    owed: Vec<u8>,
    in_string: bool,
    escaped: bool,
}

impl JsonFrames {
    pub(super) const fn new(max: usize) -> Self {
        Self { max, scanned: 0, owed: Vec::new(), in_string: false, escaped: false }
    }

    /// Takes one byte; true if it closes the value.
    fn step(&mut self, byte: u8) -> Result<bool, FrameError> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Ok(false);
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' => self.owed.push(b'}'),
            b'[' => self.owed.push(b']'),
            b'}' | b']' if self.owed.pop() != Some(byte) => return Err(FrameError::NotJson),
            b'}' | b']' => return Ok(self.owed.is_empty()),
            _ => {}
        }
        Ok(false)
    }
}

impl Decoder for JsonFrames {
    type Item = Vec<u8>;
    type Error = FrameError;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, FrameError> {
        if self.scanned == 0 {
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            buffer.advance(blank);
            match buffer.first() {
                None => return Ok(None),
                Some(b'{' | b'[') => {}
                Some(_) => return Err(FrameError::NotJson),
            }
        }
        while let Some(byte) = buffer.get(self.scanned).copied() {
            self.scanned += 1;
            if self.scanned > self.max {
                return Err(FrameError::TooLarge);
            }
            if self.step(byte)? {
                let frame = buffer.split_to(self.scanned);
                *self = Self::new(self.max);
                return Ok(Some(frame.to_vec()));
            }
        }
        Ok(None)
    }

    /// A value cut off by the end of the stream is nobody's.
    fn decode_eof(&mut self, buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, FrameError> {
        let frame = self.decode(buffer)?;
        if frame.is_none() {
            buffer.clear();
        }
        Ok(frame)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_wherever_the_pieces_break() {
        let text = "{\"a\":\"}\\\"]\"}\n [1,{\"b\":[]}]{}";
        for size in 1..text.len() {
            let mut frames = JsonFrames::new(100);
            let mut buffer = BytesMut::new();
            let mut got = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                buffer.extend_from_slice(piece);
                while let Some(frame) = frames.decode(&mut buffer).unwrap() {
                    got.push(String::from_utf8(frame).unwrap());
                }
            }
            assert_eq!(got, [r#"{"a":"}\"]"}"#, r#"[1,{"b":[]}]"#, "{}"]);
        }
    }

    #[test]
    fn a_value_that_never_ends_is_refused() {
        let mut frames = JsonFrames::new(8);
        let mut buffer = BytesMut::from("[1,2,3,4,5,6,7");
        assert!(matches!(frames.decode(&mut buffer), Err(FrameError::TooLarge)));
        let mut buffer = BytesMut::from("hello");
        assert!(matches!(JsonFrames::new(8).decode(&mut buffer), Err(FrameError::NotJson)));
        let mut buffer = BytesMut::from(r#"{"params":[}"#);
        assert!(matches!(JsonFrames::new(80).decode(&mut buffer), Err(FrameError::NotJson)));
    }
}
