//! A limit on what one row takes, so that a damaged or hostile file cannot fill the memory.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// The maximum length of a row, in bytes. The longest one that a peer writes is an item of DynamoDB, of 400 KB.
pub(crate) const MAX_ROW_BYTES: u64 = 4 << 20;

/// How many bytes may still be read until the next row is complete.
#[derive(Clone, Debug)]
pub(crate) struct Allowance(Arc<State>);

#[derive(Debug)]
struct State {
    left: AtomicU64,
    total: AtomicU64,
    quotes: AtomicU64,
    last_byte: AtomicU8,
}

impl Allowance {
    pub(crate) fn new() -> Self {
        let left = AtomicU64::new(MAX_ROW_BYTES);
        let (total, quotes, last_byte) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU8::new(0));
        Self(Arc::new(State { left, total, quotes, last_byte }))
    }

    /// To be called after each row.
    pub(crate) fn renew(&self) {
        self.0.left.store(MAX_ROW_BYTES, Ordering::Relaxed);
    }

    /// How many bytes have been read.
    pub(crate) fn total(&self) -> u64 {
        self.0.total.load(Ordering::Relaxed)
    }

    /// Whether the last byte that was read is a line break.
    pub(crate) fn is_after_line_break(&self) -> bool {
        matches!(self.0.last_byte.load(Ordering::Relaxed), b'\n' | b'\r')
    }

    /// Whether the number of `"` that were read is odd.
    pub(crate) fn has_odd_quotes(&self) -> bool {
        self.0.quotes.load(Ordering::Relaxed) % 2 == 1
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
        let State { left: allowed, total, quotes, last_byte } = &*self.allowance.0;
        let left = allowed.load(Ordering::Relaxed);
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other(format!(
                "one row has more than {} MiB, so that a quote or a bracket is probably not closed",
                MAX_ROW_BYTES >> 20
            )));
        }
        let read = self.inner.read(buffer)?;
        allowed.store(left.saturating_sub(read as u64), Ordering::Relaxed);
        total.fetch_add(read as u64, Ordering::Relaxed);
        let bytes = buffer.get(..read).unwrap_or_default();
        quotes.fetch_add(bytes.iter().filter(|byte| **byte == b'"').count() as u64, Ordering::Relaxed);
        if let Some(&last) = bytes.last() {
            last_byte.store(last, Ordering::Relaxed);
        }
        Ok(read)
    }
}
