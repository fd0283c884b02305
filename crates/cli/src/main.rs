//! The program `shortlink`; what it does is in the library, where tests can call it.

fn main() -> std::process::ExitCode {
    shortlink::main()
}
