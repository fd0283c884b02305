//! `shortlink smoke`: tries a service as people use it, with a link for a minute.
//!
//! | module | defines |
//! | --- | --- |
//! | `service` | the service, over HTTP |
//! | `steps` | what is tried |

mod service;
mod steps;

use std::io;

use clap::Args;
use serde::Serialize;
use url::Url;

use crate::error::CliError;
use crate::output::json_line::to_line;
use crate::output::safe_text::safe;
use crate::output::style::Style;
use service::Service;
use steps::Step;

/// The options of `shortlink smoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shortlink smoke https://sho.rt
  SHORTLINK_KEY=sl_… shortlink smoke https://sho.rt --json

It creates a link that expires after a minute, follows it, looks at its preview and its QR code, withdraws it, and follows it
again. Each step is a request over a new connection. The exit code is 0 if all steps succeed, else 1.")]
pub struct SmokeOptions {
    /// The address of the service: what short URLs begin with
    #[arg(value_parser = address)]
    url: Url,

    /// An API key, or an access token, if the door is closed; the variable keeps it out of the list of processes
    #[arg(long, env = "SHORTLINK_KEY", hide_env_values = true, value_name = "KEY")]
    key: Option<String>,

    /// Where the link leads
    #[arg(long, value_name = "URL", default_value = "https://example.com/")]
    target: String,

    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What was tried.
#[derive(Serialize)]
struct Document<'a> {
    url: &'a str,
    ok: bool,
    steps: &'a [Step],
}

/// Parses the address of a service.
fn address(text: &str) -> Result<Url, String> {
    let mut url = Url::parse(text).map_err(|error| format!("{error}; give an address such as https://sho.rt"))?;
    let is_plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    if !is_plain || url.host_str().is_none() {
        return Err("must be an http or https URL without a query".to_owned());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Tries a service. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`], also if a step fails.
pub async fn smoke(options: SmokeOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let SmokeOptions { url, key, target, json } = options;
    let (style, mut done) = (Style::of_stdout(), Vec::new());
    let show = |step: &Step| {
        let word = if step.ok { style.good("ok") } else { style.bad("FAIL") };
        let Step { name, milliseconds, detail, .. } = step;
        let pad = if step.ok { "  " } else { "" };
        print(&format!("{word}{pad}  {name:<10} {milliseconds:>6} ms  {}", safe(detail)))
    };
    let service = Service::new(url, key);
    let mut report = |step: Step| {
        let shown = if json { Ok(()) } else { show(&step) };
        done.push(step);
        shown.map_err(CliError::Output)
    };
    steps::run(&service, &target, &mut report).await?;
    let ok = done.iter().all(|step| step.ok);
    if json {
        let document = Document { url: service.url().as_str(), ok, steps: &done };
        print(&to_line(&document)?).map_err(CliError::Output)?;
    }
    match ok {
        true => Ok(()),
        false => Err(CliError::Incomplete("the service does not work as it should".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_path_and_no_query() {
        assert_eq!(address("https://sho.rt").map(String::from), Ok("https://sho.rt/".to_owned()));
        assert_eq!(address("https://sho.rt/go").map(String::from), Ok("https://sho.rt/go/".to_owned()));
        for invalid in ["sho.rt", "ftp://sho.rt/", "https://sho.rt/?a", "https://sho.rt/#a", ""] {
            assert!(address(invalid).is_err(), "{invalid}");
        }
    }
}
