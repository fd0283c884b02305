//! PutItem, 201.

use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await);
    let table = std::env::var("TABLE_NAME")?;
    let (client, table) = (&client, &table);
    run(service_fn(|request: Request| async move {
        let body: serde_json::Value = serde_json::from_slice(request.body())?;
        let target = body["url"].as_str().unwrap_or_default().to_owned();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let code = format!("{:x}", now.as_nanos());
        client
            .put_item()
            .table_name(table)
            .item("shortCode", AttributeValue::S(code.clone()))
            .item("originalUrl", AttributeValue::S(target))
            .item("createdAt", AttributeValue::N(now.as_secs().to_string()))
            .condition_expression("attribute_not_exists(shortCode)")
            .send()
            .await?;
        let body = serde_json::json!({"short": format!("/{code}")}).to_string();
        Ok::<_, Error>(Response::builder().status(201).header("content-type", "application/json").body(Body::Text(body))?)
    }))
    .await
}
