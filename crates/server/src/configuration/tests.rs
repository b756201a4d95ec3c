use super::setting::Default;
use super::table::table;
use super::*;
use portico_auth::EmailVerification;

fn load(arguments: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Settings, String> {
    let arguments = std::iter::once("portico").chain(arguments.iter().copied());
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(arguments, variables, Some(file)).map_err(|error| error.to_string())
}

#[test]
fn every_default_is_allowed_in_both_environments() {
    assert!(load(&[], &[], "").is_ok());
    let secret = "s".repeat(32);
    let production = [
        ("PORTICO_ENV", "production"),
        ("PORTICO_MASTER_KEY_FILE", "/key"),
        ("PORTICO_ADMIN_SECRET", &secret),
    ];
    let settings = load(&[], &production, "").unwrap();
    assert_eq!(settings.email_verification, EmailVerification::Required);
    assert!(!settings.graphiql);
}

#[test]
fn the_command_line_beats_the_environment_beats_the_file_beats_the_default() {
    let (variable, file) = ([("PORTICO_LIMIT_DEPTH", "8")], "limit_depth = 7");
    assert_eq!(
        load(&["--limit-depth", "9"], &variable, file)
            .unwrap()
            .limit_depth,
        9
    );
    assert_eq!(
        load(&["migrate", "--limit-depth", "9"], &variable, file)
            .unwrap()
            .limit_depth,
        9
    );
    assert_eq!(
        load(&["--limit-depth", "9", "migrate"], &variable, file)
            .unwrap()
            .limit_depth,
        9
    );
    assert_eq!(load(&[], &variable, file).unwrap().limit_depth, 8);
    assert_eq!(
        load(&[], &[("PORTICO_LIMIT_DEPTH", "")], file)
            .unwrap()
            .limit_depth,
        7
    );
    assert_eq!(load(&[], &[], "").unwrap().limit_depth, 20);
}

#[test]
fn a_wrong_value_is_refused_with_its_name_its_source_and_what_is_allowed() {
    let refused = |result: Result<Settings, String>| result.unwrap_err();
    assert_eq!(
        refused(load(&[], &[("PORTICO_LIMIT_DEPTH", "many")], "")),
        "PORTICO_LIMIT_DEPTH (environment) = \"many\" is not allowed; allowed is: a whole number from 1 to 1000"
    );
    assert_eq!(
        refused(load(&["--listen", "here"], &[], "")),
        "--listen (command line) = \"here\" is not allowed; allowed is: an IP address and a port, as 127.0.0.1:8080 or [::1]:8080"
    );
    assert_eq!(
        refused(load(&[], &[], "env = \"test\"")),
        "env (portico.toml) = \"test\" is not allowed; allowed is: development or production"
    );
}

#[test]
fn every_wrong_value_is_told_at_once() {
    let refusal = load(&[], &[("PORTICO_LOG", "loud")], "listen = 1\nlimit_batch = 0").unwrap_err();
    assert_eq!(refusal.lines().count(), 3, "{refusal}");
}

#[test]
fn a_secret_is_never_shown() {
    for (name, value) in [
        ("PORTICO_ADMIN_SECRET", "hush hush"),
        ("PORTICO_DATABASE_URL", "mysql://me:hush@there/x"),
        ("PORTICO_DATABASE_URL", "postgres://me:hush@there/x?port=hush"),
        ("PORTICO_DATABASE_URL", "postgres://me@there/x?passwrd=hush"),
        ("PORTICO_DATABASE_URL", "postgres://me@there/x?password=a&hush"),
        ("PORTICO_SMTP_URL", "http://me:hush@there"),
    ] {
        let refusal = load(&[], &[(name, value)], "").unwrap_err();
        assert!(
            refusal.starts_with(name) && !refusal.contains("hush"),
            "{refusal}"
        );
    }
    let settings = load(
        &[],
        &[],
        "admin_secret = \"hush\"\ndatabase_url = \"postgres://me:hush@there/x\"",
    )
    .unwrap();
    assert!(!format!("{settings:?}").contains("hush"));
    let refusal = load(&[], &[], "admin_secret = \"hush\" hush").unwrap_err();
    assert!(!refusal.contains("hush"), "{refusal}");
}

#[test]
fn an_address_of_a_database_that_two_drivers_would_read_differently_is_refused() {
    for (url, reason) in [
        ("postgres://me@127.0.0.1/x?host=127.0.0.2", "says host twice"),
        ("postgres://me@one,other/x", "several hosts"),
        (
            "postgres://me@there/x?application_name=a",
            "parameter application_name",
        ),
        ("postgres://me@there/x?sslmode=on", "unknown sslmode"),
    ] {
        let refusal = load(&[], &[("PORTICO_DATABASE_URL", url)], "").unwrap_err();
        assert!(refusal.contains(reason), "{refusal}");
    }
    let parameters = "postgres:///?user=me&password=p&host=there&port=5433&dbname=x&options=-c%20jit%3Doff\
                      &sslmode=require&sslrootcert=/nowhere";
    for url in [parameters, "postgres://me:p@127.0.0.1/x?port=5433"] {
        load(&[], &[("PORTICO_DATABASE_URL", url)], "").unwrap();
    }
}

#[test]
fn an_address_that_paths_are_added_to_has_nothing_behind_its_path() {
    for name in ["PORTICO_PUBLIC_URL", "PORTICO_ISSUER"] {
        for url in [
            "https://a.example/?b=c",
            "https://a.example/#b",
            "https://a.example?",
        ] {
            let refusal = load(&[], &[(name, url)], "").unwrap_err();
            assert!(refusal.starts_with(name), "{refusal}");
        }
        load(&[], &[(name, "https://a.example/b/")], "").unwrap();
    }
    // To the application's own only parameters are added, and these before a fragment.
    for url in ["https://a.example/?b=c", "https://a.example/#/b"] {
        load(&[], &[("PORTICO_CLIENT_URL", url)], "").unwrap();
    }
}

#[test]
fn a_slash_is_taken_off_a_path_alone() {
    for (given, kept) in [
        ("https://a.example/b/", "https://a.example/b"),
        ("https://a.example/#/", "https://a.example/#/"),
        ("https://a.example/?b=/", "https://a.example/?b=/"),
    ] {
        let settings = load(&[], &[("PORTICO_CLIENT_URL", given)], "").unwrap();
        assert_eq!(settings.client_url.as_deref(), Some(kept));
    }
}

#[test]
fn an_address_that_users_may_be_sent_to_opens_no_more_than_it_says() {
    for url in [
        "https://a.example/?b=c",
        "https://a.example/in#b",
        "https://*.a.example/?",
    ] {
        let refusal = load(&[], &[("PORTICO_REDIRECT_URLS", url)], "").unwrap_err();
        assert!(refusal.starts_with("PORTICO_REDIRECT_URLS"), "{refusal}");
    }
    let given = [(
        "PORTICO_REDIRECT_URLS",
        "https://*.a.example/, https://b.example/in/",
    )];
    let settings = load(&[], &given, "").unwrap();
    assert_eq!(
        settings.redirect_urls,
        ["https://*.a.example", "https://b.example/in"]
    );
}

#[test]
fn an_unknown_key_in_the_file_is_refused() {
    let refusal = load(&[], &[], "PORTICO_LISTEN = \"x\"").unwrap_err();
    assert_eq!(
        refusal,
        "portico.toml: there is no setting \"PORTICO_LISTEN\"; did you mean \"listen\"?"
    );
    assert!(load(&[], &[], "config = \"x\"").is_err());
    assert!(load(&[], &[], "[limits]\nbody = 1").is_err());
}

#[test]
fn lists_are_texts_with_commas_or_lists() {
    let expected = ["https://a.example", "https://b.example"];
    let (text, list) = (
        "https://a.example:443, HTTPS://B.example/",
        "cors_origins = [\"https://a.example\", \"https://b.example\"]",
    );
    assert_eq!(
        load(&[], &[("PORTICO_CORS_ORIGINS", text)], "")
            .unwrap()
            .cors_origins,
        expected
    );
    assert_eq!(load(&[], &[], list).unwrap().cors_origins, expected);
    assert!(load(&[], &[("PORTICO_CORS_ORIGINS", "*")], "").is_err());
    assert!(load(&[], &[("PORTICO_CORS_ORIGINS", "https://a.example/?")], "").is_err());
    assert!(load(&[], &[("PORTICO_TRUSTED_PROXIES", "10.0.0.0/33")], "").is_err());
}

#[test]
fn times_have_units() {
    for (text, seconds) in [
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("2h", 7_200),
        ("1d", 86_400),
    ] {
        let settings = load(&["--access-token-lifetime", text], &[], "").unwrap();
        assert_eq!(settings.access_token_lifetime.as_secs(), seconds);
    }
    for text in ["1w", "-1", "59", "2d", "99999999999999999999d", "m"] {
        assert!(
            load(&["--access-token-lifetime", text], &[], "").is_err(),
            "{text}"
        );
    }
}

#[test]
fn production_demands_its_secrets() {
    let refusal = load(&["--env", "production"], &[], "").unwrap_err();
    assert!(
        refusal.contains("PORTICO_MASTER_KEY_FILE") && refusal.contains("PORTICO_ADMIN_SECRET"),
        "{refusal}"
    );
    let short = load(&["--env", "production"], &[("PORTICO_ADMIN_SECRET", "short")], "").unwrap_err();
    assert!(short.contains("at least 32"), "{short}");
}

#[test]
fn production_hashes_at_a_safe_cost() {
    let load = |cost: [&str; 2], environment| {
        let [memory, passes] = cost;
        let arguments = [
            "--env",
            environment,
            "--password-memory",
            memory,
            "--password-passes",
            passes,
        ];
        load(&arguments, &[], "")
    };
    for cost in [["7168", "4"], ["47103", "1"], ["8", "16"]] {
        let refusal = load(cost, "production").unwrap_err();
        assert!(refusal.contains("PORTICO_PASSWORD_MEMORY"), "{refusal}");
        assert!(load(cost, "development").is_ok());
    }
    for cost in [["7168", "5"], ["47104", "1"], ["262144", "4"]] {
        let refusal = load(cost, "production").unwrap_err();
        assert!(!refusal.contains("PORTICO_PASSWORD_MEMORY"), "{refusal}");
    }
    for cost in [
        ["262144", "5"],
        ["262145", "1"],
        ["7", "5"],
        ["8", "0"],
        ["8", "17"],
    ] {
        assert!(load(cost, "development").is_err(), "{cost:?}");
    }
}

#[test]
fn development_stays_on_this_machine_unless_told() {
    let refusal = load(&["--listen", "0.0.0.0:80"], &[], "").unwrap_err();
    assert!(refusal.contains("PORTICO_EXPOSE_DEVELOPMENT"), "{refusal}");
    assert!(
        load(
            &["--listen", "0.0.0.0:80", "--expose-development", "true"],
            &[],
            ""
        )
        .is_ok()
    );
    assert!(load(&["--listen", "[::1]:80"], &[], "").is_ok());
}

#[test]
fn nobody_becomes_admin_by_signing_up() {
    assert!(load(&["--allowed-roles", "user,admin"], &[], "").is_err());
    assert!(load(&["--default-role", "other"], &[], "").is_err());
}

#[test]
fn an_operation_is_listed_once_with_all_that_proves_a_user_for_it() {
    let load = |text| load(&[], &[("PORTICO_ELEVATED_OPERATIONS", text)], "");
    let refusal = load("signOutOthers=totp,revokeSession,signOutOthers=webauthn").unwrap_err();
    assert_eq!(
        refusal,
        "PORTICO_ELEVATED_OPERATIONS names signOutOthers more than once; several proofs of one operation are joined \
         by +, as signOutOthers=totp+webauthn"
    );
    let settings = load("signOutOthers=totp+webauthn,revokeSession").unwrap();
    let listed = settings
        .elevated_operations
        .iter()
        .map(|listed| listed.proofs.len());
    assert_eq!(listed.collect::<Vec<_>>(), [2, 0]);
}

#[test]
fn every_default_is_shown_and_no_help_is_missing() {
    command().debug_assert();
    for row in table() {
        assert!(row.help.ends_with('.'), "{}", row.name);
        assert!(!matches!(row.default, Default::Always("")), "{}", row.name);
        assert!(readme_table().contains(&format!("| `{}` |", row.variable())));
    }
}

#[test]
fn the_table_of_the_readme_is_up_to_date() {
    let readme = include_str!("../../../../README.md");
    let (_, rest) = readme.split_once("<!-- configuration -->\n").unwrap();
    let (table, _) = rest.split_once("<!-- /configuration -->").unwrap();
    assert_eq!(
        table.trim(),
        readme_table().trim(),
        "renew it with: cargo run -- configuration"
    );
}

#[test]
fn the_containers_set_only_variables_that_exist() {
    let compose = include_str!("../../../../docker-compose.yml");
    let parsed: serde_json::Value = serde_saphyr::from_str(compose).unwrap();
    for service in ["portico", "database", "mail"] {
        assert!(
            parsed["services"][service]["healthcheck"]["test"].is_array(),
            "{service}"
        );
    }
    let known: Vec<String> = table().iter().map(setting::Row::variable).collect();
    let image = include_str!("../../../../.docker/Dockerfile");
    for text in [compose, image] {
        let names = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let ours: Vec<&str> = names.filter(|name| name.starts_with("PORTICO_")).collect();
        assert!(!ours.is_empty());
        for name in ours {
            assert!(known.iter().any(|variable| variable == name), "{name}");
        }
    }
}
