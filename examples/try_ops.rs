use pgplumb::{db::*, ops::*, project::*, report::*};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let project = Project::load(&LoadOptions::default()).unwrap_or_else(|d| {
        for d in d {
            eprint!("{}", pgplumb::diagnostic::render(&d));
        }
        std::process::exit(2)
    });
    let server = Scratch::start(scratch::Options::default()).await.unwrap();
    server.create_database("demo", None).await.unwrap();
    let parameters = server.parameters("demo");
    let (_tx, interrupt) = Interrupt::new();
    let events = |e: Event| eprintln!("{e:?}");
    let context = Context {
        project: &project,
        parameters: &parameters,
        client: "me@here".into(),
        events: &events,
        interrupt,
    };
    let opt = text::TextOptions {
        width: 100,
        color: false,
        unicode: true,
    };
    let show = |r: Result<Report, Error>| match r {
        Ok(r) => {
            println!("{}", render(&r, Format::Text, &opt));
            println!("EXIT {:?}", r.exit);
        }
        Err(e) => {
            let x = e.exit();
            for d in e.into_diagnostics() {
                print!("{}", pgplumb::diagnostic::render(&d));
            }
            println!("EXIT {x:?}");
        }
    };
    for a in std::env::args().skip(1) {
        println!("################ {a}");
        match a.as_str() {
            "apply" => show(apply::apply(&context, &Default::default()).await),
            "dry" => show(
                apply::apply(
                    &context,
                    &apply::Options {
                        dry_run: true,
                        ..Default::default()
                    },
                )
                .await,
            ),
            "verify" => show(verify::verify(&context, &Default::default()).await),
            "status" => show(status::status(&context, Default::default()).await),
            "history" => show(history::history(&context, None).await),
            "back" => show(
                rollback::rollback(
                    &context,
                    &rollback::Options {
                        target: pgplumb::plan::RollbackTarget::Steps(1),
                        dry_run: false,
                        yes: false,
                        confirm: None,
                    },
                )
                .await,
            ),
            "back1" => show(
                rollback::rollback(
                    &context,
                    &rollback::Options {
                        target: pgplumb::plan::RollbackTarget::Versions(vec![
                            pgplumb::migration::Version::new(1).unwrap(),
                        ]),
                        dry_run: false,
                        yes: false,
                        confirm: None,
                    },
                )
                .await,
            ),
            sql => server.run("demo", sql).await.unwrap(),
        }
    }
    server.stop().await.unwrap();
}
