//! The bytes of a source: decompressed, in UTF-8 if they were in UTF-16, and limited row by row.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;

use crate::allowance::{Allowance, LimitedReader};
use crate::error::ImportError;
use crate::source::Warnings;

/// The size of buffers, in bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// A stream of a source.
pub(crate) struct Input {
    /// The bytes. Texts in UTF-16 are converted, other encodings are left as they are. There is no byte order mark.
    pub(crate) bytes: Box<dyn BufRead + Send>,
    /// To be renewed after each row.
    pub(crate) allowance: Allowance,
    /// The warnings about the file.
    pub(crate) warnings: Warnings,
}

impl Input {
    /// Opens a file.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let failed = |reason| ImportError::Open { path: path.to_owned(), reason };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        Self::new(file)
    }

    /// Takes a stream.
    pub(crate) fn new(stream: impl Read + Send + 'static) -> Result<Self, ImportError> {
        let (head, stream) = peek(stream, 2).map_err(|error| read_error(&error, String::new()))?;
        let plain: Box<dyn Read + Send> = if head == [0x1f, 0x8b] {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, stream)))
        } else {
            Box::new(stream)
        };
        let decoded =
            DecodeReaderBytesBuilder::new().bom_sniffing(true).strip_bom(true).utf8_passthru(true).build(plain);
        let allowance = Allowance::new();
        let limited = LimitedReader::new(decoded, allowance.clone());
        let bytes = Box::new(BufReader::with_capacity(BUFFER_BYTES, limited));
        Ok(Self { bytes, allowance, warnings: Warnings::default() })
    }

    /// The first bytes, at most `length`. They are read again afterwards.
    pub(crate) fn peek(&mut self, length: usize) -> Result<Vec<u8>, ImportError> {
        let rest = std::mem::replace(&mut self.bytes, Box::new(io::empty()));
        let (head, bytes) = peek(rest, length).map_err(|error| read_error(&error, String::new()))?;
        self.bytes = Box::new(bytes);
        Ok(head)
    }
}

/// A reader with its first bytes before it.
type Peeked<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// Reads up to `length` bytes, and returns them with a reader that begins with them.
fn peek<R: Read>(mut stream: R, length: usize) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::new();
    stream.by_ref().take(length as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(stream)))
}

/// An error of the stream, after the last row that was read.
pub(crate) fn read_error(error: &io::Error, position: String) -> ImportError {
    let reason = if error.kind() == io::ErrorKind::UnexpectedEof {
        "the file ends in the middle of its compressed data, so that it is not complete".to_owned()
    } else {
        error.to_string()
    };
    ImportError::Read { position, reason }
}
