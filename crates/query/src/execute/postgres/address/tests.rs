use super::{AddressError, PostgresAddress};

fn read(url: &str) -> PostgresAddress {
    PostgresAddress::read(url)
        .map_err(|error| format!("{url} {error}"))
        .unwrap()
}

fn refused(url: &str) -> AddressError {
    PostgresAddress::read(url).err().unwrap()
}

#[test]
fn all_can_be_said_before_the_parameters_or_by_them() {
    for url in [
        "postgres://me:a%40b%2B@there:5433/x?options=-c%20jit%3Doff&sslmode=require&sslrootcert=/nowhere",
        "postgresql://me@there/x?port=5433&password=a%40b%2B&options=-c%20jit%3Doff&sslmode=verify-ca&sslrootcert=/nowhere",
        "postgres:///?user=me&password=a%40b%2B&host=there&port=5433&dbname=x&options=-c+jit=off&sslmode=verify-full\
         &sslrootcert=/nowhere",
    ] {
        let address = read(url);
        assert_eq!(address.user.as_deref(), Some("me"), "{url}");
        assert_eq!(address.password.as_deref(), Some("a@b+"), "{url}");
        assert_eq!((address.host.as_str(), address.port), ("there", 5433), "{url}");
        assert_eq!(address.database.as_deref(), Some("x"), "{url}");
        assert_eq!(address.options.as_deref(), Some("-c jit=off"), "{url}");
        assert!(address.encrypted, "{url}");
        assert_eq!(address.authorities.as_deref(), Some("/nowhere"), "{url}");
    }
    let little = read("postgres://there");
    assert_eq!((little.host.as_str(), little.port), ("there", 5432));
    assert!(little.user.is_none() && little.password.is_none() && little.database.is_none());
    assert!(!little.encrypted && little.options.is_none());
}

#[test]
fn a_host_is_a_name_an_ip_address_or_the_folder_of_a_socket() {
    for (url, host, port) in [
        ("postgres://a.example/x", "a.example", 5432),
        ("postgres://me@127.0.0.1:1/x", "127.0.0.1", 1),
        ("postgres://me@[::1]/x", "::1", 5432),
        ("postgres://me@[::1]:2/x", "::1", 2),
        ("postgres:///x?host=/run/pg", "/run/pg", 5432),
        ("postgres://me@/x?host=%2Frun%2Fpg&port=3", "/run/pg", 3),
        ("postgres://me@%2Frun%2Fpg:4/x", "/run/pg", 4),
        ("postgres://:5/x?host=::1", "::1", 5),
    ] {
        let address = read(url);
        assert_eq!((address.host.as_str(), address.port), (host, port), "{url}");
    }
}

#[test]
fn what_could_be_meant_in_two_ways_is_refused() {
    for (url, name) in [
        ("postgres://me@there/x?host=elsewhere", "host"),
        ("postgres://me@there:1/x?port=2", "port"),
        ("postgres://me@there/x?port=1&port=1", "port"),
        ("postgres://me@there/x?user=you", "user"),
        ("postgres://me:a@there/x?password=b", "password"),
        ("postgres://me@there/x?dbname=y", "dbname"),
        ("postgres://there?sslmode=require&sslmode=disable", "sslmode"),
    ] {
        assert_eq!(refused(url), AddressError::Twice(name), "{url}");
    }
    for url in [
        "postgres://me@one,other/x",
        "postgres://me@one:1,other:2/x",
        "postgres:///x?host=one,other",
    ] {
        assert_eq!(refused(url), AddressError::Several, "{url}");
    }
    for url in [
        "postgres://me:a@b@there/x",
        "postgres://me:1/2@there/x",
        "postgres://me:a#b@there/x",
        "postgres://there/x#y",
        "postgres://there/x/y",
    ] {
        assert_eq!(refused(url), AddressError::Sign, "{url}");
    }
    for url in [
        "postgres://there:0/x",
        "postgres://there:65536/x",
        "postgres://there/x?port=1,2",
        "postgres://a::1/x",
        "postgres://[::1/x",
        "postgres://[::1]1/x",
    ] {
        assert_eq!(refused(url), AddressError::Port, "{url}");
    }
    assert_eq!(refused("postgres:///x"), AddressError::NoHost);
    assert_eq!(refused("mysql://there/x"), AddressError::Scheme);
    assert_eq!(refused("postgres://there/x?sslmode=on"), AddressError::Mode);
    for name in ["sslmode", "sslrootcert"] {
        let url = format!("postgres://there/x?{name}=");
        assert_eq!(refused(&url), AddressError::Empty(name));
    }
    for url in ["postgres://me:%ff@there/x", "postgres://there/x?options=%00"] {
        assert_eq!(refused(url), AddressError::Text, "{url}");
    }
}

#[test]
fn only_a_name_that_somebody_knows_is_told() {
    for name in ["application_name", "hostaddr", "connect_timeout", "ssl-mode"] {
        let refusal = refused(&format!("postgres://me@there/x?{name}=5"));
        assert_eq!(refusal, AddressError::Parameter(name));
    }
    for url in [
        "postgres://me@there/x?password=a&hush",
        "postgres://me@there/x?passwrd=hush",
        "postgres://me@there/x?password=a&hush=1",
        "postgres://me@there/x?sslmode=hush",
        "postgres://me@there/x?port=hush",
        "postgres://me:hush@hush@there/x",
    ] {
        let told = refused(url).to_string();
        assert!(!told.contains("hush"), "{told}");
    }
}
