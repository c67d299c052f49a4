//! Putting hubs back: copies of their databases, their guard files, and starting them anew.

use std::path::{Path, PathBuf};

use node::config::Config;
use node::hub::Hub;
use sea_orm::ConnectionTrait as _;
use storage::logs::rebuild;

use super::Federation;
use crate::dump::Dump;

impl Federation {
    /// Copies a hub's database as it is now, as a backup would. SQLite only.
    pub async fn snapshot(&self, name: &str) -> PathBuf {
        let file = self.site(name).folder().join("snapshot.db");
        let text = format!("VACUUM INTO '{}'", file.display());
        let db = sea_orm::Database::connect(self.site(name).url()).await;
        let db = db.expect("the database is there");
        db.execute_unprepared(&text)
            .await
            .expect("the database is copied");
        db.close().await.expect("the connection closes");
        file
    }

    /// Puts a copy in the place of a hub's database and another in that of its guard file, as somebody would who puts a
    /// whole machine back.
    pub async fn put_machine_back(&mut self, name: &str, snapshot: &Path, guard: &[u8]) {
        self.take_offline(name).await;
        std::fs::write(self.guard_file(name), guard).expect("the guard can be put back");
        self.put_back_offline(name, snapshot).await;
    }

    /// The same, where the guard file is lost.
    pub async fn put_back_without_guard(&mut self, name: &str, snapshot: &Path) {
        self.take_offline(name).await;
        drop(std::fs::remove_file(self.guard_file(name)));
        self.put_back_offline(name, snapshot).await;
    }

    /// Makes what a hub shows anew from its entries, which must change nothing.
    pub async fn same_after_rebuild(&self, name: &str) {
        let location = self.site(name).location();
        let before = Dump::read(location).await;
        let rebuilt = rebuild::rebuild(&self.hub(name).db, |_| {}).await;
        rebuilt.expect("the entries can be read");
        assert_eq!(
            Dump::read(location).await,
            before,
            "rebuilt, and before, at {name}"
        );
    }

    /// Where a hub's guard file lies.
    pub fn guard_file(&self, name: &str) -> PathBuf {
        let config = &self.hub(name).config;
        config.path(&config.hub.guard_file)
    }

    /// What a hub's guard file holds, brought up to date.
    pub async fn guard(&self, name: &str) -> Vec<u8> {
        node::guard::renew(self.hub(name))
            .await
            .expect("the guard is renewed");
        std::fs::read(self.guard_file(name)).expect("the guard is there")
    }

    /// Puts a copy in the place of a hub's database, as somebody would who restores a backup and starts the hub again.
    pub async fn put_back(&mut self, name: &str, snapshot: &Path) {
        self.guard(name).await;
        self.take_offline(name).await;
        self.put_back_offline(name, snapshot).await;
    }

    async fn put_back_offline(&mut self, name: &str, snapshot: &Path) {
        self.hub(name)
            .db
            .close()
            .await
            .expect("the database closes");
        let file = self.site(name).folder().join("simpul.db");
        for journal in ["simpul.db-wal", "simpul.db-shm"] {
            drop(std::fs::remove_file(file.with_file_name(journal)));
        }
        std::fs::copy(snapshot, &file).expect("the copy can be put back");
        self.open_again(name).await;
    }

    /// Starts a hub anew, that was stopped, from its files.
    pub async fn open_again(&mut self, name: &str) {
        let found = self.members.iter_mut().find(|member| member.name == name);
        let member = found.expect("the hub is of the federation");
        member.hub.db.close().await.expect("the database closes");
        let config = Config::clone(&member.hub.config);
        member.hub = Hub::open(config).await.expect("the hub opens again");
        let renewed = member.hub.db.renew_store().await;
        renewed.expect("the store gets another id");
        member.puller = member.hub.puller();
        self.bring_back(name).await;
    }
}
