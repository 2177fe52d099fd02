"""The words of which synthetic shops are made: departments with things, deeds, circumstances, brands.

Every deed suits every thing, so that any of them make a phrase that a person could say.
"""

from __future__ import annotations

#: Department: its things, singular.
_SHOP = """
Camping: tent, sleeping bag, headlamp, camp stove, hammock, water filter, cool box, trekking pole, \
mess kit
Kitchen: frying pan, chef's knife, stand mixer, spice jar, cutting board, crème brûlée torch, \
kettle, baking tin, colander
Nursery: crib, stroller, bottle warmer, changing mat, baby monitor, high chair, teether, swaddle, \
night light
Office: desk lamp, stapler, monitor arm, notebook, file box, whiteboard, desk chair, document tray, \
fountain pen
Garden: watering can, garden hose, pruning saw, plant pot, wheelbarrow, jalapeño seedling, \
bird feeder, trellis, rake
Photography: camera body, zoom lens, tripod, memory card, lens filter, softbox, camera strap, \
light meter, backdrop
Audio: headphone, turntable, loudspeaker, microphone, record sleeve, amplifier, audio cable, \
earbud, cassette deck
Fitness: yoga mat, dumbbell, kettlebell, jump rope, foam roller, resistance band, rowing machine, \
gym bag, heart rate strap
Pets: dog leash, cat tree, aquarium pump, chew toy, litter box, pet carrier, feeding bowl, \
grooming brush, dog coat
Car: roof rack, dash camera, car seat cover, jumper cable, tyre gauge, floor mat, phone mount, \
snow chain, car battery
Cycling: bike light, bike lock, saddle, pannier, bike pump, inner tube, cycling helmet, \
chain cleaner, handlebar bag
Gaming: game console, controller, gaming mouse, mechanical keyboard, game disc, headset stand, \
joystick, gaming chair, charging dock
Crafts: sewing machine, paint brush, yarn skein, glue gun, embroidery hoop, bead box, easel, \
origami sheet, pottery wheel
Travel: suitcase, packing cube, travel pillow, passport holder, luggage tag, power adapter, \
toiletry bag, money belt, eye mask
Beauty: hair dryer, nail lamp, makeup mirror, curling iron, perfume bottle, lipstick, \
shaving brush, face roller, eyelash curler
Health: thermometer, blood pressure cuff, pill organizer, heating pad, first aid kit, walking cane, \
massage gun, inhaler, knee brace
Cleaning: vacuum cleaner, mop, spray bottle, microfibre cloth, dustpan, laundry basket, \
ironing board, squeegee, steam cleaner
Lighting: ceiling lamp, light bulb, string light, dimmer, floor lamp, lantern, candle holder, \
wall sconce, grow lamp
Tools: cordless drill, hammer, spirit level, tape measure, soldering iron, tool chest, \
socket wrench, workbench, angle grinder
Fishing: fishing rod, tackle box, reel, lure, landing net, wader, bait bucket, fish finder, ice auger
School: backpack, pencil case, calculator, lunch box, globe, ring binder, microscope, flash card, \
school uniform
Party: piñata, balloon arch, paper lantern, cake stand, costume, party hat, punch bowl, \
photo booth prop, banner
Music: acoustic guitar, violin bow, drum kit, music stand, keyboard stand, ukulele, guitar pedal, \
metronome, harmonica
Networking: router, ethernet cable, network switch, access point, patch panel, network drive, \
antenna, modem, server rack
Café: espresso machine, milk frother, coffee grinder, café table, tea infuser, mug, thermos flask, \
sugar bowl, cold brew jar
"""

#: A deed a line: four ways to say it, as "-ing form/plain form".
_DEEDS = """
cleaning/clean, scrubbing/scrub, washing/wash, wiping down/wipe down
storing/store, putting away/put away, stowing/stow, keeping/keep
carrying/carry, lugging/lug, bringing along/bring along, taking along/take along
repairing/repair, fixing/fix, mending/mend, patching up/patch up
replacing/replace, swapping out/swap out, exchanging/exchange, substituting/substitute
protecting/protect, guarding/guard, shielding/shield, safeguarding/safeguard
organizing/organize, arranging/arrange, tidying/tidy, putting in order/put in order
displaying/display, showing off/show off, exhibiting/exhibit, presenting/present
mounting/mount, attaching/attach, fastening/fasten, fitting/fit
testing/test, trying out/try out, checking/check, inspecting/inspect
comparing/compare, contrasting/contrast, weighing up/weigh up, judging/judge
giving away/give away, gifting/gift, donating/donate, handing over/hand over
decorating/decorate, adorning/adorn, dressing up/dress up, embellishing/embellish
sharing/share, lending/lend, passing around/pass around, splitting/split
upgrading/upgrade, improving/improve, enhancing/enhance, boosting/boost
customizing/customize, personalizing/personalize, tailoring/tailor, modifying/modify
labelling/label, marking/mark, tagging/tag, naming/name
packing/pack, boxing up/box up, wrapping/wrap, bundling/bundle
drying/dry, airing/air, drying off/dry off, dehumidifying/dehumidify
covering/cover, draping/drape, sheltering/shelter, cloaking/cloak
sorting/sort, grouping/group, classifying/classify, separating/separate
restoring/restore, refurbishing/refurbish, renewing/renew, reviving/revive
securing/secure, locking up/lock up, chaining up/chain up, bolting down/bolt down
setting up/set up, assembling/assemble, putting together/put together, installing/install
connecting/connect, linking/link, joining/join, hooking up/hook up
measuring/measure, sizing/size, gauging/gauge, surveying/survey
photographing/photograph, taking pictures of/take pictures of, shooting/shoot, snapping/snap
lighting up/light up, illuminating/illuminate, brightening/brighten, shining light on/shine light on
warming/warm, heating/heat, warming up/warm up, thawing/thaw
cooling/cool, chilling/chill, cooling down/cool down, refreshing/refresh
adjusting/adjust, tuning/tune, calibrating/calibrate, fine-tuning/fine-tune
balancing/balance, levelling/level, steadying/steady, stabilizing/stabilize
stacking/stack, piling up/pile up, layering/layer, heaping/heap
hanging/hang, suspending/suspend, hanging up/hang up, dangling/dangle
moving/move, transporting/transport, shifting/shift, hauling/haul
refilling/refill, topping up/top up, replenishing/replenish, reloading/reload
hiding/hide, concealing/conceal, tucking away/tuck away, disguising/disguise
teaching with/teach with, demonstrating/demonstrate, explaining/explain, introducing/introduce
polishing/polish, buffing/buff, shining/shine, burnishing/burnish
disinfecting/disinfect, sanitizing/sanitize, sterilizing/sterilize, decontaminating/decontaminate
"""

#: A circumstance a line: four ways to say it.
_CIRCUMSTANCES = """
on the road, while travelling, during a trip, on a journey
at home, around the house, in the home, in one's own house
in the rain, in wet weather, while it rains, on rainy days
in the snow, on snowy days, while it snows, in a snowstorm
at night, after dark, in the dark hours, during the night
before breakfast, early in the morning, at dawn, at sunrise
at the beach, by the sea, on the seashore, at the seaside
in the mountains, up in the hills, on a mountain, at high altitude
in a small flat, in a tiny apartment, in a studio flat, in cramped rooms
in the garage, in the carport, next to the car, where the car stands
at the office, at work, in the workplace, during working hours
at school, in the classroom, in class, during lessons
on a budget, for little money, at low cost, as cheaply as possible
for a birthday, on a birthday, for a birthday party, as a birthday surprise
for a wedding, at a wedding, on the wedding day, for the bridal couple
at Christmas, for Christmas, over the Christmas holidays, at Christmastime
for beginners, as a beginner, for newcomers, when starting out
for professionals, as a professional, for experts, at a professional level
with children, together with kids, alongside children, with the little ones
for elderly parents, for older relatives, for ageing parents, for grandparents
with a dog, along with a dog, in a dog’s company, with a dog around
in a hurry, when short of time, with no time to spare, under time pressure
over the weekend, on weekends, on a Saturday or Sunday, on days off
in the garden, out in the garden, between flower beds, on the lawn
on a boat, on board a boat, aboard a boat, out on the water
at a festival, at an open-air concert, on a festival ground, during a festival
in a hospital, at the hospital, during a hospital stay, as a patient
in winter, during the winter, in the cold season, all winter long
in summer, during the summer, on hot days, all summer long
after exercise, after a workout, when training is done, following a workout
in a rented room, as a tenant, in a rental, where a landlord forbids drilling
for an exam, before an exam, when preparing for an exam, ahead of a test
on video calls, during video calls, in online meetings, on a webcam
at a market stall, on a market, when selling at a market, behind a market stall
on public transport, on the bus or train, on a commuter train, while commuting
during a power cut, in a blackout, when the power is out, without mains power
"""

_BRANDS = """
Nørdvik Alpenglow Kestrel Ombra Tandem Lumière Fjordline Basalt Quietwood Marrow Pinecrest Señal Håg
Copperleaf Drift Anvil Zephyrine Corvid Maré Ostrava Tölt Brightside Umbra Yūgen Calder Voltaic
Rivet Saltbox Økonom Hearth Kumo Larch Meridian Novel Oxbow Perrin Quillon Rook Sable Thistle Ursa
Vela Wren Xylo Yarrow Zinnia 山海 ひかり Ärla Björk Cinder Dovetail Ember Foxglove Gossamer Hollow
Ironbark Juniper Kindred Lattice Mosaic Nimbus
"""

_LOOKS = """
compact foldable stainless waterproof classic wireless heavy-duty lightweight portable vintage
adjustable silent rechargeable premium slim reversible bamboo ceramic padded magnetic insulated
ergonomic stackable two-tone
"""

#: What is said of many things, the most usual first: the hubs among the intentions.
_STAPLES = """
everyday use, using them every day, saving money, giving them as a gift, making life easier, Halloween,
having fun with the family, Christmas, a birthday present, relaxing after work, outdoor activities,
saving time, home improvement, a fresh start, the summer holidays, keeping things tidy, good quality, a
housewarming party, entertaining guests, a weekend trip, Mother’s Day, Father’s Day, going green, a
healthier life, working from home, back to school, moving house, peace of mind, looking good, sleeping
better, Valentine’s Day, a hobby, feeling safe, impressing friends, a new baby, retirement, graduation
day, learning something new, a quiet evening, helping others
"""

ADVERBS = ("", " easily", " safely", " quickly", " neatly", " quietly")
#: What a noun phrase about a deed begins with.
HEADS = ("gear for ", "equipment for ", "things for ", "a kit for ")
#: What is said between a deed and a circumstance in which it is not done.
NEGATIONS = (", but not ", ", just not ", ", though not ", ", only not ")
#: What is said of how many people a thing serves.
CROWDS = ("for {} people", "for a group of {}", "for a party of {}", "for a team of {}")
REFUSALS = (
    "I'm sorry, but I cannot determine why these products were bought together.",
    "As an AI language model, I am unable to answer.",
)
GENERIC = ("because they like them", "they are useful", "the person wants to buy them", "for personal use")
ECHOES = ("one intention of at most 12 words", "the phrase that completes the relation")


def _lines(block: str) -> list[str]:
    return [line for line in block.strip().splitlines() if line]


DEPARTMENTS: dict[str, list[str]] = {
    name: things.split(", ") for name, things in (line.split(": ") for line in _lines(_SHOP))
}
DEEDS: list[list[tuple[str, str]]] = [
    [(ing, plain) for ing, plain in (way.split("/") for way in line.split(", "))] for line in _lines(_DEEDS)
]
CIRCUMSTANCES: list[list[str]] = [line.split(", ") for line in _lines(_CIRCUMSTANCES)]
BRANDS: list[str] = _BRANDS.split()
LOOKS: list[str] = _LOOKS.split()
STAPLES: list[str] = " ".join(_STAPLES.split()).split(", ")


def plural(noun: str) -> str:
    """Return the plural of a noun as English forms it by rule."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun.removesuffix("fe") + "ves" if noun.endswith("knife") else noun + "s"


def forms(noun: str) -> list[str]:
    """Return four ways to mention a thing.

    >>> forms("eye mask")
    ['an eye mask', 'eye masks', 'your eye mask', 'the eye mask']
    """
    article = "an" if noun[0] in "aeiou" else "a"
    return [f"{article} {noun}", plural(noun), f"your {noun}", f"the {noun}"]
