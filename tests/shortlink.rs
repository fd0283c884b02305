//! The program `shortlink`, where the tests can start and kill it.

fn main() -> std::process::ExitCode {
    shortlink::main()
}
