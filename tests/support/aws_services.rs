//! A stand-in for the AWS services that the operator's program calls beside DynamoDB: CloudFormation, Lambda, CloudWatch
//! Logs and SNS. The rehearsal uses an emulator of them, with IAM; this one answers what a test wants, and records the IAM
//! actions that it was asked for.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use url::form_urlencoded;

type Respond = dyn Fn(&str, &str) -> (u16, String) + Send + Sync;

/// The services on one port.
#[derive(Clone)]
pub struct AwsServices {
    pub url: String,
    respond: Arc<Respond>,
    actions: Arc<Mutex<BTreeSet<String>>>,
}

impl AwsServices {
    /// Starts the services. `respond` gets an IAM action, such as `lambda:GetAccountSettings`, and the request: its path
    /// and body. It returns a status and a body.
    pub async fn start(respond: impl Fn(&str, &str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let services = Self { url, respond: Arc::new(respond), actions: Arc::default() };
        let shared = services.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let services = shared.clone();
                let service = service_fn(move |request| {
                    let services = services.clone();
                    async move { Ok::<_, Infallible>(services.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        services
    }

    /// The IAM actions that were asked for.
    pub fn actions(&self) -> BTreeSet<String> {
        self.actions.lock().expect("a lock").clone()
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("ASCII").to_owned());
        // The scope of the signature names the service: key/date/region/service/aws4_request.
        let signature = header("authorization").expect("a signature");
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential="), "{signature}");
        let service = signature.split('/').nth(3).expect("a scope").to_owned();
        let target = header("x-amz-target");
        let path = request.uri().to_string();
        let body = request.into_body().collect().await.expect("a body").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("UTF-8");
        let action = form_urlencoded::parse(body.as_bytes()).find(|(name, _)| name == "Action");
        let operation = match (action, target) {
            (Some((_, operation)), _) => operation.into_owned(),
            (None, Some(target)) => target.split_once('.').expect("an operation").1.to_owned(),
            (None, None) if path.ends_with("/account-settings/") => "GetAccountSettings".to_owned(),
            (None, None) => "GetFunctionConfiguration".to_owned(),
        };
        let action = format!("{service}:{operation}");
        self.actions.lock().expect("a lock").insert(action.clone());
        let (status, body) = (self.respond)(&action, &format!("{path} {body}"));
        Response::builder().status(status).body(body.into()).expect("a response")
    }
}

/// The response to `DescribeStacks`.
pub fn stack_xml(status: &str, parameters: &[(&str, &str)], outputs: &[(&str, &str)]) -> String {
    let list = |pairs: &[(&str, &str)], kind: &str| {
        let member = |(key, value): &(&str, &str)| {
            format!("<member><{kind}Key>{key}</{kind}Key><{kind}Value>{value}</{kind}Value></member>")
        };
        pairs.iter().map(member).collect::<String>()
    };
    format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
         <Stacks><member><StackName>links</StackName><StackStatus>{status}</StackStatus>\
         <Parameters>{}</Parameters><Outputs>{}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
        list(parameters, "Parameter"),
        list(outputs, "Output")
    )
}
