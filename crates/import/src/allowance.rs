//! A limit on what one row takes, so that a damaged or hostile file cannot fill the memory.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The maximum length of a row, in bytes. The longest one that a peer writes is an item of DynamoDB, of 400 KB.
pub(crate) const MAX_ROW_BYTES: u64 = 4 << 20;

/// How many bytes may still be read until the next row is complete.
#[derive(Clone, Debug)]
pub(crate) struct Allowance(Arc<AtomicU64>);

impl Allowance {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU64::new(MAX_ROW_BYTES)))
    }

    /// To be called after each row.
    pub(crate) fn renew(&self) {
        self.0.store(MAX_ROW_BYTES, Ordering::Relaxed);
    }
}

/// A reader that fails when the allowance is used up.
pub(crate) struct LimitedReader<R> {
    inner: R,
    allowance: Allowance,
}

impl<R> LimitedReader<R> {
    pub(crate) fn new(inner: R, allowance: Allowance) -> Self {
        Self { inner, allowance }
    }
}

impl<R: Read> Read for LimitedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.0.load(Ordering::Relaxed);
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other(format!(
                "one row has more than {} MiB, so that a quote or a bracket is probably not closed",
                MAX_ROW_BYTES >> 20
            )));
        }
        let read = self.inner.read(buffer)?;
        self.allowance.0.store(left.saturating_sub(read as u64), Ordering::Relaxed);
        Ok(read)
    }
}
