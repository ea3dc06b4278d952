"""The raw material of the corpus: ordinary words, and the syllables of which made-up names consist.

Nothing here names anything real. A made-up word or a composed attribute whose hash falls in the held-out
tenth never occurs in training, so that evaluation worlds consist of names the model has never seen.
"""

from __future__ import annotations

import zlib
from pathlib import Path


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ONSETS = _words("b br c ch d dr f fl g gr h j k kr l m n p pl qu r s sh st t th tr v w y z")
VOWELS = _words("a e i o u ae ia ei ou ea")
CODAS = ("", "", *_words("n r l s m x th nd rk st ck"))

FIRST_NAMES = _words(
    "Anna Ben Clara David Elena Felix Greta Hugo Ines Jonas Karin Leo Maria Nils Olga Paul Rita Sven Tara Uwe "
    "Vera Wanda Xenia Yusuf Zoe Amir Bela Chen Dora Emil Fatima Goran Hana Ivan Jana Kofi Lena Marco Nadia Omar "
    "Priya Quinn Rosa Samir Tomas Ulla Viktor Wei Yara Zain Alice Bruno Carla Diego Edith Frank Gina Henry Iris "
    "Jack Aisha Boris Celia Daniel Esther Farid Gloria Hector Imani Jorge Kenji Laila Mateo Noor Oscar Paula"
)
ADJECTIVES = _words(
    "amber annual basic blue bright bronze calm central coastal cold copper crimson daily deep double dry early "
    "eastern electric emergency empty external fast final first fixed flat formal free fresh frozen full general "
    "golden grand green grey heavy hidden high hollow hot indoor inner internal iron late light little local long "
    "low lower lunar main major marine medium minor mobile modern monthly narrow new night northern old open outer "
    "paper personal plain polar primary private public quick quiet rapid red regional remote rough round royal safe "
    "second secret senior short silent silver single slow small smart soft solar southern spare special standard "
    "steel stone strong summer tall temporary thin third tidal tiny upper urban velvet warm weekly western white "
    "wide wild winter wooden yearly yellow ancient broad careful common digital foreign historic joint legal "
    "large medical natural nuclear ordinary popular portable rare recent rural separate shared social technical "
    "thermal useful valuable visible"
)
NOUNS = _words(
    "access account air alarm anchor archive arrow audit badge balance barrel basket battery beacon bell bench "
    "board boat book border bottle bridge bridle bundle cabin cable camera canal candle card cargo castle chain "
    "chair channel client clock cloud coffee contract corner course crane credit customer data deck delivery desk "
    "device dock door engine entry equipment escort event export falcon feather field file filter fire flight floor "
    "forest fountain fuel garden gate glass glove grain guest hammer harbour hazard heat helmet holiday horn image "
    "import index input invoice island key kitchen label ladder lamp lantern laptop leave lens library lift line "
    "loading locker lunch machine mail map market meadow meal meeting member message meter mirror model mountain "
    "needle network notice oil onboarding orchard order output oven packet panel parcel parking partner path "
    "pattern payment pencil phone pilot pipe planet plate platform pool portal power press printer prize project "
    "pump purchase rail rain record refund release rental repair report request rescue reserve review ribbon ring "
    "river road roof room rope route safety sail sample school screen season seat sensor server service shelf shift "
    "shipping signal site skill snow sport spring staff stage star station stock storage storm stream street summit "
    "supply support switch table tank tax team test thread ticket tide timber tool tower track trade training "
    "travel truck tunnel turbine uniform update valley valve vehicle vendor visitor voucher wagon wall warehouse "
    "waste watch water weather wheel window wing wire work yard army bank battle bill church city climate council "
    "court crop disease energy exam factory festival film fleet game gas hospital language law lesson metal mine "
    "museum novel ocean opera paint palace party plant poem police prison province religion rock song species "
    "statue temple theatre theory tree tribe village virus war worker"
)
COLOURS = _words(
    "red blue green yellow orange purple white black grey brown pink teal violet silver gold crimson navy beige "
    "maroon turquoise"
)
MATERIALS = _words(
    "steel oak glass copper bamboo granite linen cotton wool rubber marble leather nylon concrete titanium ceramic "
    "cork brass slate cedar"
)
MONTHS = _words("January February March April May June July August September October November December")
DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
UNITS = _words(
    "days hours minutes weeks months seats pages users kilograms litres metres kilometres points items boxes units "
    "people percent degrees watts"
)
PLACE_TAILS = _words("Harbour Valley Bay City Hill Bridge Park Island Square Street Road Point")
PLACE_HEADS = _words("North South East West Port New Old Upper Lower")
FIRM_TAILS = _words(
    "Labs Group Systems Partners Logistics Foods Energy Works Bank Media Supplies Consulting Textiles Motors Press "
    "Health"
)
SYSTEMS = _words("gateway service platform server database tool")
UNIT_KINDS = _words("office team site plan programme desk unit branch store clinic archive workshop")

# Kinds of things that only training's names have, beside UNIT_KINDS.
MORE_KINDS = _words(
    "agency airfield almshouse aquarium arcade arena armoury assembly auditorium aviary bakery ballroom barracks "
    "bathhouse boarding bookshop brewery brigade butchery cafeteria campaign cannery cathedral cellar cemetery "
    "centre chapel choir circus cloister clubhouse clubroom coalition collective college colony committee company "
    "compound concession consortium convent cooperative corridor crypt dairy depot diner dispensary distillery "
    "duchy embassy estate exchange expedition factory faculty farmhouse ferry fishery florist forge forum foundry "
    "fund garage garrison gasworks granary grange greenhouse grove guild gym hangar helpline hermitage hospice "
    "hostel hotel icehouse inn inquiry institute ironworks jetty kennel kingdom kiosk laboratory launderette "
    "laundry league legation lighthouse lodge lounge mailroom manufactory marina mausoleum mill mint monastery "
    "mosque motel nursery observatory optician orchestra orphanage outpost parish parlour partnership penthouse "
    "pharmacy plantation playground pottery priory quarry quarter ranch refinery regiment registry reservoir "
    "restaurant roundhouse saddlery saltworks sawmill shelter shipyard silo slipway smokehouse society spa squadron "
    "stable stadium stockyard stronghold studio surgery synagogue syndicate tannery taskforce tavern terminal "
    "tollbooth treasury tribunal trust vicarage villa vineyard ward waterworks windmill workhouse zoo"
)


def is_held_out(text: str) -> bool:
    """Whether a made-up word or composed attribute belongs to evaluation alone (a tenth, by hash)."""
    return zlib.crc32(text.lower().encode()) % 10 == 0


def _called() -> dict[str, tuple[str, ...]]:
    lines = (Path(__file__).parent / "called.txt").read_text(encoding="utf-8").splitlines()
    split = (line.split(": ") for line in lines)
    return {kind: tuple(others.split(", ")) for kind, others in split}


CALLED = _called()
"""What somebody may say for a kind of thing who doesn't use its name: never the name of another kind."""
