//! The graphics cards of simulated hosts. A host that connects again has its cards looked for, and the server knows
//! from then on what cards there are and what they can be used for.

use super::kind::{Handle, Kind};
use super::register::{Fields, Stored};
use super::table::Id;
use super::{Owner, World};

/// A graphics card.
#[derive(Debug)]
pub struct Card {
    /// Its name without its maker's.
    pub device: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The number of its kind. That of the second card was never recorded.
    number: &'static str,
    /// What it can be used for.
    pub uses: &'static [CardUse],
}

/// A use that a graphics card can be put to.
#[derive(Debug)]
pub struct CardUse {
    /// Its name.
    pub name: &'static str,
    /// MiB.
    pub memory: u32,
    /// How many screens.
    pub heads: u32,
    /// Their width.
    pub width: u32,
    /// Their height.
    pub height: u32,
    /// How many machines use a card so at once.
    pub at_once: u32,
    /// How many there are in a host.
    pub capacity: u32,
}

const fn card_use(
    name: &'static str,
    [memory, heads, width, height]: [u32; 4],
    at_once: u32,
    capacity: u32,
) -> CardUse {
    CardUse { name, memory, heads, width, height, at_once, capacity }
}

const MAKER: (&str, &str) = ("Simulator", "1234");

/// The graphics cards of the reference's simulated hosts.
pub const CARDS: &[Card] = &[
    Card {
        device: "Graphics Card Basic",
        name: "Simulator Graphics Card Basic",
        number: "5678",
        uses: &[card_use("passthrough", [8192, 1, 4096, 2160], 1, 4)],
    },
    Card {
        device: "Graphics Card Pro",
        name: "Simulator Graphics Card Pro",
        number: "5679",
        uses: &[
            card_use("sim-2q", [2048, 1, 1920, 1080], 8, 8),
            card_use("sim-4q", [4096, 2, 1920, 1080], 4, 4),
            card_use("passthrough", [16384, 1, 4096, 2160], 1, 0),
            card_use("sim-8q", [8192, 4, 4096, 2160], 2, 4),
        ],
    },
];

impl World {
    /// Lets a host connect again: its cards are found, and kinds of them that nobody knew are known from then on.
    pub fn reconnect_host(&mut self, id: Id) {
        let now = self.now;
        if let Some(host) = self.hosts.get_mut(id) {
            host.disconnected = Some(now);
            for card in CARDS {
                self.know_card(card);
            }
        }
    }

    fn know_card(&mut self, card: &Card) {
        if self.register.by_name(Kind::GpuCard, Owner::NOBODY, card.name).is_some() {
            return;
        }
        let fields = [
            ("deviceid", card.number),
            ("devicename", card.device),
            ("vendorname", MAKER.0),
            ("vendorid", MAKER.1),
        ];
        let fields = Fields::from_iter(fields.map(|(field, text)| (field, Stored::from(text))));
        let id = self.add_record(Kind::GpuCard, Owner::NOBODY, card.name, fields);
        for of_card in card.uses {
            let number = |number: u32| Stored::from(i64::from(number));
            let fields = Fields::from_iter([
                ("gpucardid", Stored::from(Handle { kind: Kind::GpuCard, id })),
                ("description", Stored::from(of_card.name)),
                ("maxvgpuperphysicalgpu", number(of_card.at_once)),
                ("videoram", number(of_card.memory)),
                ("maxheads", number(of_card.heads)),
                ("maxresolutionx", number(of_card.width)),
                ("maxresolutiony", number(of_card.height)),
            ]);
            self.add_record(Kind::VgpuProfile, Owner::NOBODY, of_card.name, fields);
        }
    }
}
