//! The size of what is deployed.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::Result;

/// The size of an artifact.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Unpacked.
    pub(crate) bytes: u64,
    /// As the zip that is uploaded.
    pub(crate) zip_bytes: u64,
}

impl Size {
    /// Measures a file, or a folder with all its content.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let mut sum = Self { bytes: 0, zip_bytes: 0 };
            for entry in fs::read_dir(path)? {
                let size = Self::of(&entry?.path())?;
                sum.bytes += size.bytes;
                sum.zip_bytes += size.zip_bytes;
            }
            return Ok(sum);
        }
        let content = fs::read(path)?;
        // Level 6 is the default of zlib, and so that of the tools that create the zip.
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
        encoder.write_all(&content)?;
        // The zip's overhead for a file: two headers, its name twice, the end record.
        let overhead = 30 + 46 + 22 + 2 * "bootstrap".len();
        Ok(Self { bytes: content.len() as u64, zip_bytes: (encoder.finish()?.len() + overhead) as u64 })
    }
}
