//! What mails say, and what is told of templates that cannot work.

use super::*;

fn facts(default_locale: &str) -> MailFacts {
    MailFacts {
        sender: "Gate & Co".to_owned(),
        server_url: "https://id.example.org".to_owned(),
        client_url: "https://app.example.org".to_owned(),
        default_locale: default_locale.to_owned(),
    }
}

fn render(templates: &MailTemplates, locale: &str) -> Content {
    let variables = Variables {
        link: "https://id.example.org/v1/verify?ticket=a&lang=b".to_owned(),
        code: "012345".to_owned(),
        email: "<b>{{ code }}@example.org".to_owned(),
        new_email: String::new(),
        ..Variables::default()
    };
    let expires_at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    templates
        .render(locale, Template::EmailVerify, &variables, expires_at)
        .unwrap()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn every_language_says_everything_and_says_it_differently() {
    let templates = MailTemplates::read(None, facts("en")).unwrap();
    let languages: Vec<&str> = templates.languages().collect();
    assert_eq!(languages, ["bg", "cs", "en", "es", "fr"]);
    let subjects: std::collections::BTreeSet<String> = languages
        .iter()
        .map(|language| render(&templates, language).subject)
        .collect();
    assert_eq!(subjects.len(), languages.len());
    for language in languages {
        let content = render(&templates, language);
        for body in [&content.text, &content.html] {
            assert!(
                body.contains("012345") && body.contains("2027-01-15 08:00 UTC"),
                "{body}"
            );
        }
        assert!(content.html.contains(&format!("lang=\"{language}\"")));
    }
}

#[test]
fn values_are_escaped_in_html_and_never_taken_for_templates() {
    let content = render(&MailTemplates::read(None, facts("en")).unwrap(), "en");
    assert!(
        content.html.contains("&lt;b&gt;{{ code }}@example.org"),
        "{}",
        content.html
    );
    assert!(content.html.contains("Gate &amp; Co"));
    assert!(content.html.contains("ticket=a&amp;lang=b"));
    assert!(content.text.contains("<b>{{ code }}@example.org"));
    assert!(content.text.contains("ticket=a&lang=b"));
}

#[test]
fn a_language_nobody_wrote_is_the_default_one() {
    let templates = MailTemplates::read(None, facts("fr")).unwrap();
    assert_eq!(render(&templates, "xx"), render(&templates, "fr"));
    let templates = MailTemplates::read(None, facts("xx")).unwrap();
    assert_eq!(render(&templates, "yy"), render(&templates, "en"));
}

#[test]
fn a_folder_replaces_words_forms_and_single_messages() {
    let english = include_str!("../words/en.toml").replace("Hello", "Moin");
    let folder = folder(&[
        ("de/words.toml", &english),
        (
            "en/words.toml",
            "[email-verify]\nsubject = \"Please\\n{{ email }}\"",
        ),
        ("fr/email-verify/subject.txt", "Sujet\r\nBcc: x@example.org\n"),
        (
            "fr/email-verify/body.html",
            "<p>{{ words.intro }} {{ newEmail }}</p>",
        ),
        ("body.txt", "{{ words.greeting }} {{ clientUrl }}"),
        (".git/anything", ""),
    ]);
    let templates = MailTemplates::read(Some(folder.path()), facts("en")).unwrap();
    assert_eq!(render(&templates, "de").text, "Moin, https://app.example.org");
    assert_eq!(
        render(&templates, "en").subject,
        "Please <b>{{ code }}@example.org"
    );
    let french = render(&templates, "fr");
    assert_eq!(french.subject, "Sujet Bcc: x@example.org");
    assert!(
        french.html.starts_with("<p>quelqu’un") && french.html.contains("&lt;b&gt;"),
        "{}",
        french.html
    );
    assert_eq!(french.text, "Bonjour, https://app.example.org");
}

#[test]
fn what_cannot_work_is_told_with_file_and_line() {
    for (files, file, line, reason) in [
        (("body.html", "a\n{{ link"), "body.html", Some(2), "syntax error"),
        (
            ("body.txt", "a\n\n{{ ticket }}"),
            "body.txt",
            Some(3),
            "no variable ticket",
        ),
        (
            ("fr/email-taken/body.txt", "\n{{ email|nothing }}"),
            "fr/email-taken/body.txt",
            Some(2),
            "nothing",
        ),
        (
            ("en/words.toml", "[common]\n\ngreeting = \"{{ x\""),
            "en/words.toml",
            Some(3),
            "syntax error",
        ),
        (
            ("en/words.toml", "[common]\nhello = \"\""),
            "en/words.toml",
            Some(2),
            "common.hello",
        ),
        (("en/words.toml", "[common]\n="), "en/words.toml", Some(2), ""),
        (
            ("en/email-verify/words.toml", ""),
            "en/email-verify/words.toml",
            None,
            "means nothing",
        ),
        (
            ("en/email-verfy/body.txt", ""),
            "en/email-verfy",
            None,
            "means nothing",
        ),
        (("eng/words.toml", ""), "eng", None, "means nothing"),
        (
            ("de/words.toml", "[common]\ngreeting = \"Hallo\""),
            "de/words.toml",
            None,
            "is missing",
        ),
    ] {
        let folder = folder(&[files]);
        let error = MailTemplates::read(Some(folder.path()), facts("en")).unwrap_err();
        assert!(error.file.ends_with(file), "{error}");
        assert_eq!(error.line, line, "{error}");
        assert!(error.reason.contains(reason), "{error}");
    }
    let error = MailTemplates::read(Some(Path::new("/nowhere")), facts("en")).unwrap_err();
    assert!(
        error.to_string().contains("PORTICO_MAIL_TEMPLATES): /nowhere: "),
        "{error}"
    );
}
