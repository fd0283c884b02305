//! GetItem, 301.

use baseline::text;

fn main() -> baseline::Result<()> {
    baseline::run(|table, event| {
        let code = text(event, "code").ok_or("no code")?;
        let name = &table.name;
        let body = format!(r#"{{"TableName":"{name}","Key":{{"shortCode":{{"S":"{code}"}}}},"ConsistentRead":false}}"#);
        let item = table.call("GetItem", &body)?;
        let target = item.split_once("\"originalUrl\"").and_then(|(_, rest)| text(rest, "S")).ok_or("no target")?;
        Ok(format!(r#"{{"statusCode":301,"headers":{{"location":"{target}","cache-control":"private, max-age=90"}}}}"#))
    })
}
