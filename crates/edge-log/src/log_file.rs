//! A file of log lines, compressed with gzip, and the counts in it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use shortlink_core::domain::code::Code;
use shortlink_core::domain::visit::VisitCounts;
use shortlink_core::visits::recorder::VisitTracking;

use crate::log_line;

/// The longest line that is read, in bytes. CloudFront logs at most 20 KB of headers.
const MAX_LINE: u64 = 65_536;

/// The counts in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileCounts {
    /// The counts by link, in a fixed order.
    pub by_code: BTreeMap<Code, VisitCounts>,
    /// How many lines are no log lines.
    pub garbage: usize,
    /// Whether the file ends in the middle, or is not compressed as it should be. What stands before that is counted.
    pub is_damaged: bool,
}

/// Counts the redirects in a file, as `tracking` says. The same file always has the same counts.
pub fn count(compressed: &[u8], tracking: VisitTracking) -> FileCounts {
    let mut counts = FileCounts::default();
    let mut lines = BufReader::new(MultiGzDecoder::new(compressed));
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match lines.by_ref().take(MAX_LINE).read_until(b'\n', &mut buffer) {
            Ok(0) => return counts,
            Ok(_) => {}
            Err(_) => {
                counts.is_damaged = true;
                return counts;
            }
        }
        let line = buffer.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match log_line::parse(line) {
            Ok(Some(redirect)) => {
                let of_link = counts.by_code.entry(redirect.code).or_default();
                tracking.record(of_link, &redirect.visitor, redirect.at);
            }
            Ok(None) => {}
            Err(log_line::Garbage) => counts.garbage += 1,
        }
    }
}
