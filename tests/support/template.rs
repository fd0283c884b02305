//! `template.yaml`, parsed.

use std::fs;
use std::path::Path;

use serde_yaml_ng::Value;

/// The SAM template of the repository.
pub fn read() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    serde_yaml_ng::from_str(&fs::read_to_string(path).expect("a template")).expect("YAML")
}
