//! GetItem, 301.

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = aws_sdk_dynamodb::Client::new(&aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await);
    let table = std::env::var("TABLE_NAME")?;
    let (client, table) = (&client, &table);
    run(service_fn(|request: Request| async move {
        let code = request.path_parameters().first("code").unwrap_or_default().to_owned();
        let found = client.get_item().table_name(table).key("shortCode", AttributeValue::S(code)).send().await?;
        let target = found.item.and_then(|mut item| match item.remove("originalUrl") {
            Some(AttributeValue::S(target)) => Some(target),
            _ => None,
        });
        let response = Response::builder();
        Ok::<_, Error>(match target {
            Some(target) => response.status(301).header("location", target).body(Body::Empty)?,
            None => response.status(404).body(Body::Empty)?,
        })
    }))
    .await
}
