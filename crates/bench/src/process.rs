//! What processes use, as `/proc` tells it.

use std::fs;
use std::time::Duration;

/// Time on the processor.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cpu {
    /// Used by the service.
    pub(crate) service: Duration,
    /// Used by all processes of the database server.
    pub(crate) database: Duration,
}

impl Cpu {
    /// What was used since then.
    pub(crate) fn since(self, then: Self) -> Self {
        Self {
            service: self.service.saturating_sub(then.service),
            database: self.database.saturating_sub(then.database),
        }
    }

    /// Both uses together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            service: self.service + other.service,
            database: self.database + other.database,
        }
    }
}

/// Which processes are measured.
#[derive(Clone, Default)]
pub(crate) struct Meter {
    /// The service.
    pub(crate) service: Option<u32>,
    /// The first process of the database server.
    pub(crate) database: Option<u32>,
}

impl Meter {
    /// What they have used so far.
    pub(crate) fn read(&self) -> Cpu {
        let service = self.service.and_then(stat);
        let database = self.database.map_or(0, |server| {
            // What ended is in the account of the first process, what lives is not.
            let server_ticks = stat(server).map_or(0, |stat| stat.own + stat.ended_children);
            let children = children(server).map(|stat| stat.own);
            server_ticks + children.sum::<u64>()
        });
        Cpu {
            service: duration(service.map_or(0, |stat| stat.own)),
            database: duration(database),
        }
    }

    /// Memory of the service: the pages it holds, in bytes.
    pub(crate) fn service_memory(&self) -> Option<u64> {
        kilobytes(self.service?, "status", "VmRSS:")
    }

    /// Memory of the database: shared pages are counted once, in bytes.
    pub(crate) fn database_memory(&self) -> Option<u64> {
        let server = self.database?;
        let processes = children(server).map(|stat| stat.process).chain([server]);
        Some(
            processes
                .filter_map(|process| kilobytes(process, "smaps_rollup", "Pss:"))
                .sum(),
        )
    }
}

struct Stat {
    process: u32,
    parent: u32,
    own: u64,
    ended_children: u64,
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before the last parenthesis may hold anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok());
    Some(Stat {
        process,
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        ended_children: number(13)? + number(14)?,
    })
}

fn children(parent: u32) -> impl Iterator<Item = Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(stat).filter(move |stat| stat.parent == parent)
}

fn duration(ticks: u64) -> Duration {
    let a_second = rustix::param::clock_ticks_per_second().max(1);
    Duration::from_secs_f64(ticks as f64 / a_second as f64)
}

fn kilobytes(process: u32, file: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number = line.split_ascii_whitespace().next()?;
    Some(number.parse::<u64>().ok()? * 1_024)
}
