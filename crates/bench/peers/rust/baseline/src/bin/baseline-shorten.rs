//! PutItem, 201.

fn main() -> baseline::Result<()> {
    baseline::run(|table, event| {
        // The body is JSON within JSON.
        let body = event.split_once("\"body\"").ok_or("no body")?.1.replace('\\', "");
        let target = baseline::text(&body, "url").ok_or("no url")?;
        let (name, now) = (&table.name, baseline::now());
        let code = format!("{now:x}");
        let put = format!(
            r#"{{"TableName":"{name}","Item":{{"shortCode":{{"S":"{code}"}},"originalUrl":{{"S":"{target}"}},"createdAt":{{"N":"{now}"}}}},"ConditionExpression":"attribute_not_exists(shortCode)"}}"#
        );
        table.call("PutItem", &put)?;
        Ok(format!(
            r#"{{"statusCode":201,"headers":{{"content-type":"application/json"}},"body":"{{\"short\":\"/{code}\"}}"}}"#
        ))
    })
}
