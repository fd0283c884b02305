//! What the tests share.
//!
//! | module | provides |
//! | --- | --- |
//! | [`app`] | the service under test, with a manual clock and a table of its own |
//! | [`aws_services`] | a stand-in for CloudFormation, Lambda, CloudWatch Logs and SNS |
//! | [`dynamodb`] | an in-memory DynamoDB that listens on a port |
//! | [`events`] | the API Gateway events in `tests/events`, and a way to invoke the functions with them |
//! | [`fault_proxy`] | a TCP proxy that injects faults between the service and DynamoDB |
//! | [`function_process`] | the Lambda binaries as processes, and signals |
//! | [`old_service`] | a shortener whose links are moving |
//! | [`operator`] | the operator's program over a table |
//! | [`parameter_store`] | a stand-in for AWS Systems Manager Parameter Store |
//! | [`program`] | the program `shortlink` with any arguments |
//! | [`redact`] | responses without their inlined style and script |
//! | [`runtime_api`] | a stand-in for Lambda's Runtime API |
//! | [`server`] | `shortlink serve` as a process |
//! | [`template`] | `template.yaml`, parsed |
//! | [`user_agents`] | header values that browsers and other clients send |

pub mod app;
pub mod aws_services;
pub mod dynamodb;
pub mod events;
pub mod fault_proxy;
pub mod function_process;
pub mod old_service;
pub mod operator;
pub mod parameter_store;
pub mod program;
pub mod redact;
pub mod runtime_api;
pub mod server;
pub mod template;
pub mod user_agents;
