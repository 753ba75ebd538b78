//! `prefshift`: the engine from a command line.
//!
//! Exit codes: 0 done, 2 wrong input (the message names the field, file or line), 3 the machine failed.

#[macro_use]
mod out;
mod args;
mod compare;
mod files;
mod league;
mod loss;
mod report;
mod reproduce;
mod run;

use clap::Parser;

fn main() {
    let args = args::Args::parse();
    let outcome = match args.command {
        args::Command::Sft(a) => run::sft(&a),
        args::Command::Train(a) => run::train(&a),
        args::Command::Eval(a) => run::eval(&a),
        args::Command::Loss(a) => loss::loss(&a),
        args::Command::Replay(a) => run::replay(&a),
        args::Command::Report(a) => report::report(&a),
        args::Command::Reproduce(a) => match a.what {
            args::Paper::Emotion => reproduce::reproduce(&a),
        },
        args::Command::League(a) => league::league(&a),
        args::Command::Methods(a) => run::methods(&a),
    };
    if let Err(error) = outcome {
        if args.json {
            println!("{}", serde_json::json!({ "error": error }));
        }
        eprintln!("prefshift: {error}");
        std::process::exit(error.exit_code());
    }
}
