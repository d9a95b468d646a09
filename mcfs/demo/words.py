"""Words for the names of generated artists, titles and folders. Data only."""

FIRST_NAMES = (
    "Ada", "Amara", "Anton", "Björn", "Camille", "Daria", "Eero", "Elif", "Emeka", "Fatou", "Goran",
    "Hana", "Ivo", "Jasmin", "João", "Kaja", "Kwame", "Leïla", "Lucía", "Małgorzata", "Mateo", "Nia",
    "Nikos", "Oskar", "Petra", "Rasmus", "Rosa", "Sami", "Søren", "Tariq", "Thandi", "Ulla", "Viktor",
    "Wanda", "Yuki", "Zora",
)  # fmt: skip
SURNAMES = (
    "Adeyemi", "Becker", "Castellano", "Dvořák", "Eriksen", "Fontaine", "Grabowski", "Haddad",
    "Ibrahim", "Jansen", "Kovač", "Lindqvist", "Mbeki", "Nakamura", "O'Hara", "Petrov", "Quintero",
    "Rossi", "Şahin", "Takács", "Ueda", "Vasquez", "Wójcik", "Yılmaz", "Zeman", "Żuraw",
)  # fmt: skip
ADJECTIVES = (
    "Amber", "Analog", "Blue", "Broken", "Cold", "Concrete", "Distant", "Electric", "Empty", "Endless",
    "Frozen", "Golden", "Hidden", "Hollow", "Liquid", "Lost", "Lunar", "Magnetic", "Midnight", "Neon",
    "Northern", "Paper", "Quiet", "Red", "Restless", "Rusty", "Second", "Silent", "Slow", "Solar",
    "Static", "Velvet", "Violet", "Warm", "White", "Wild",
)  # fmt: skip
NOUNS = (
    "Arcade", "Atlas", "Avenue", "Bloom", "Bridge", "Canyon", "Chorus", "Circuit", "Coast", "Current",
    "Delivery", "Drift", "Echo", "Engine", "Escalator", "Fever", "Fields", "Garden", "Ghost", "Harbour",
    "Horizon", "Island", "Lantern", "Machine", "Memory", "Mirror", "Motion", "Olive", "Orbit", "Parade",
    "Pattern", "Phase", "Radio", "Ritual", "River", "Room", "Satellite", "Shadow", "Signal", "Skyline",
    "Station", "Stone", "Summer", "Tape", "Theory", "Tide", "Tower", "Vapour", "Voltage", "Weather",
)  # fmt: skip
PLACES = (
    "Antwerp", "Batumi", "Bristol", "Coimbra", "Dakar", "Detroit", "Dnipro", "Gdańsk", "Ghent",
    "Glasgow", "Izmir", "Kyoto", "Lagos", "Leipzig", "Lyon", "Malmö", "Medellín", "Naples", "Oaxaca",
    "Osaka", "Plovdiv", "Porto", "Riga", "Rotterdam", "Tbilisi", "Turku", "Utrecht", "Zürich",
)  # fmt: skip
VENUES = (
    "Boiler House", "Kanal 103", "Klubb Nord", "Silo 5", "The Arches", "The Pier", "Villa Rosa",
    "Warehouse 12", "Zentrale",
)  # fmt: skip
LABELS = (
    "Basement Tapes", "Cobalt Sound", "Fjord Audio", "Kiosk Records", "Nachtzug", "Palm & Pine",
    "Rua Nova", "Tram 9",
)  # fmt: skip
COMMENTS = (
    "ask Jonas for the wav", "breakdown too long, loop from 3:10", "bought at the record fair",
    "check the phase below 80 Hz", "energy 7", "energy 9!", "good with anything in 8A",
    "great intro, no outro", "needs a new rip", "plays 2% fast", "record_bag 2", "secret weapon",
    "vinyl rip", "works at 33 rpm too",
)  # fmt: skip
COLORS = (
    "#C50A08", "#32BE44", "#42D4F4", "#F8D200", "#0044FF", "#AF00CC", "#FCA6D7", "#F2F2FF",
)  # fmt: skip
