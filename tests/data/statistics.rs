//! Sums and deviations are those of the exact numbers, to the last digit the same on both databases.

use std::sync::Arc;

use portico_entity::user_security_keys;
use sea_orm::ActiveModelTrait;
use sea_orm::ActiveValue::Set;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::TestApp;
use crate::support::database::{TestDatabase, on_both_databases};
use crate::support::seed;

on_both_databases!(numbers_at_their_extremes_are_added_up_exactly);

const QUERY: &str = "query ($name: String!) {
  authUserSecurityKeysAggregate(where: { nickname: { _eq: $name } }) { aggregate {
    avg { counter } max { counter } min { counter } stddev { counter } stddev_pop { counter } stddev_samp { counter }
    sum { counter } var_pop { counter } var_samp { counter } variance { counter }
  } }
}";

/// Counters, and what was computed of them apart, with integers of any size.
struct Sample {
    name: &'static str,
    counters: &'static [i64],
    sum: u64,
    /// The mean, then deviation and variance of all there is.
    population: [f64; 3],
    /// Deviation and variance of a sample.
    sample: Option<[f64; 2]>,
}

const SETS: [Sample; 3] = [
    Sample {
        name: "extremes",
        counters: &[i64::MAX, i64::MAX - 1, i64::MIN, 0, 5],
        sum: 9_223_372_036_854_775_810,
        population: [
            1.844_674_407_370_955_3e18,
            6.902_139_622_532_378e18,
            4.763_953_136_893_139e37,
        ],
        sample: Some([7.716_826_693_088_567e18, 5.954_941_421_116_423e37]),
    },
    Sample {
        name: "near",
        counters: &[
            9_007_199_254_740_993,
            9_007_199_254_740_994,
            9_007_199_254_740_996,
        ],
        sum: 27_021_597_764_222_983,
        population: [
            9_007_199_254_740_994.0,
            1.247_219_128_924_647,
            1.555_555_555_555_555_6,
        ],
        sample: Some([1.527_525_231_651_946_8, 2.333_333_333_333_333_5]),
    },
    Sample {
        name: "one",
        counters: &[7],
        sum: 7,
        population: [7.0, 0.0, 0.0],
        sample: None,
    },
];

async fn numbers_at_their_extremes_are_added_up_exactly(database: Arc<TestDatabase>) {
    let app = TestApp::new(&database).await;
    let connection = database.connect().await;
    seed::insert(&connection).await;
    let mut ids = 1;
    for Sample {
        name,
        counters,
        sum,
        population,
        sample,
    } in SETS
    {
        for (number, counter) in counters.iter().enumerate() {
            ids += 1;
            let row = user_security_keys::ActiveModel {
                id: Set(Uuid::from_u128(ids)),
                user_id: Set(seed::JANE),
                credential_id: Set(format!("{name} {number}")),
                nickname: Set(Some(name.to_owned())),
                counter: Set(*counter),
                ..Default::default()
            };
            row.insert(&connection).await.unwrap();
        }
        let answer = app.admin().graphql_with(QUERY, json!({ "name": name })).await;
        let told = |function: &str| {
            answer.value(&format!(
                "/authUserSecurityKeysAggregate/aggregate/{function}/counter"
            ))
        };
        let number = |function: &str| told(function).as_f64();
        assert_eq!(told("sum"), &Value::from(sum), "{name}");
        assert_eq!(told("max").as_i64(), counters.iter().copied().max(), "{name}");
        assert_eq!(told("min").as_i64(), counters.iter().copied().min(), "{name}");
        assert_eq!(
            ["avg", "stddev_pop", "var_pop"].map(number),
            population.map(Some),
            "{name}"
        );
        let [deviation, variance] = sample.map_or([None, None], |sample| sample.map(Some));
        assert_eq!(["stddev", "stddev_samp"].map(number), [deviation; 2], "{name}");
        assert_eq!(["variance", "var_samp"].map(number), [variance; 2], "{name}");
    }
}
