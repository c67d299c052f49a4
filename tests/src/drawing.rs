//! Who pulls whom, drawn: `a -> b -- c, d -> c`.

use node::serving::Pulling;

use crate::site::Backend;
use crate::store::NETWORK;

/// A federation before it is built.
#[derive(Clone, Debug)]
pub struct Drawing {
    pub(crate) hubs: Vec<DrawnHub>,
    /// Who pulls, and from whom, by their places.
    pub(crate) pulls: Vec<(usize, usize)>,
    /// Whose key is not pinned where: the one who does not know, and the stranger.
    pub(crate) strangers: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
pub(crate) struct DrawnHub {
    pub(crate) name: String,
    pub(crate) backend: Backend,
    pub(crate) network: String,
    pub(crate) is_silent: bool,
    pub(crate) is_searching: bool,
    /// Keeps no rows in memory.
    pub(crate) asks_database: bool,
    /// Lines of `[sync]`.
    pub(crate) settings: String,
    pub(crate) pulling: Pulling,
}

impl Drawing {
    /// Hubs that all pull each other.
    pub fn of<const N: usize>(names: [&str; N]) -> Self {
        let mut drawing = Self::drawn(&names.join(","));
        for puller in 0..N {
            let others = (0..N).filter(|other| *other != puller);
            drawing.pulls.extend(others.map(|other| (puller, other)));
        }
        drawing
    }

    /// Hubs in chains, with commas between the chains. Records flow along `->`: in `a -> b`, b pulls a; in `a -- b` each
    /// pulls the other.
    pub fn drawn(text: &str) -> Self {
        let mut drawing = Self {
            hubs: Vec::new(),
            pulls: Vec::new(),
            strangers: Vec::new(),
        };
        for chain in text.split(',') {
            drawing.add_chain(chain);
        }
        drawing
    }

    fn add_chain(&mut self, chain: &str) {
        let mut words = chain.split_whitespace();
        let first = words.next().expect("a chain begins with a hub");
        let mut left = self.add_hub(first);
        while let (Some(arrow), Some(name)) = (words.next(), words.next()) {
            let right = self.add_hub(name);
            self.pulls.push((right, left));
            match arrow {
                "->" => {}
                "--" => self.pulls.push((left, right)),
                other => panic!("{other} is neither -> nor --"),
            }
            left = right;
        }
    }

    fn add_hub(&mut self, name: &str) -> usize {
        if let Some(place) = self.hubs.iter().position(|hub| hub.name == name) {
            return place;
        }
        self.hubs.push(DrawnHub {
            name: name.to_owned(),
            backend: Backend::Sqlite,
            network: NETWORK.to_owned(),
            is_silent: false,
            is_searching: false,
            asks_database: false,
            settings: String::new(),
            pulling: Pulling::Never,
        });
        self.hubs.len() - 1
    }

    /// Lets a hub keep its records in PostgreSQL.
    #[must_use]
    pub fn on_postgres(mut self, name: &str) -> Self {
        self.hub(name).backend = Backend::Postgres;
        self
    }

    /// Puts a hub into another network.
    #[must_use]
    pub fn of_network(mut self, name: &str, network: &str) -> Self {
        network.clone_into(&mut self.hub(name).network);
        self
    }

    /// Lets a hub say nothing of itself, so that its log is empty.
    #[must_use]
    pub fn silent(mut self, name: &str) -> Self {
        self.hub(name).is_silent = true;
        self
    }

    /// Lets a hub keep a search index. An index has threads of its own, and there are many hubs, so others have none.
    #[must_use]
    pub fn searching(mut self, name: &str) -> Self {
        self.hub(name).is_searching = true;
        self
    }

    /// Lets a hub ask its database for each list, and keep no rows in memory.
    #[must_use]
    pub fn asking_its_database(mut self, name: &str) -> Self {
        self.hub(name).asks_database = true;
        self
    }

    /// Lets all hubs pull by themselves, at this interval.
    #[must_use]
    pub fn pulling_every(mut self, seconds: u32) -> Self {
        for hub in &mut self.hubs {
            hub.pulling = Pulling::ByItself;
            hub.settings = format!("interval_seconds = {seconds}\n");
        }
        self
    }

    /// Lets a hub ask nobody for hints.
    #[must_use]
    pub fn without_hints(mut self, name: &str) -> Self {
        self.hub(name).settings += "hints = false\n";
        self
    }

    /// Gives a hub sections of settings beside `[sync]`, as the last that is said of it. `{port}` in them is where it answers.
    #[must_use]
    pub fn configured(mut self, name: &str, sections: &str) -> Self {
        let settings = &mut self.hub(name).settings;
        settings.push('\n');
        settings.push_str(sections);
        self
    }

    /// Lets one hub not know the key of another.
    #[must_use]
    pub fn stranger(mut self, to: &str, stranger: &str) -> Self {
        let pair = (self.place(to), self.place(stranger));
        self.strangers.push(pair);
        self
    }

    fn hub(&mut self, name: &str) -> &mut DrawnHub {
        let place = self.place(name);
        &mut self.hubs[place]
    }

    fn place(&self, name: &str) -> usize {
        let place = self.hubs.iter().position(|hub| hub.name == name);
        place.unwrap_or_else(|| panic!("hub {name} is not in the drawing"))
    }
}
