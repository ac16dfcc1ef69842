//! The table of time zones.

/// Every offset in hours with the names that have it, separated by spaces. The first name of a line stands for its offset.
pub(super) const OFFSETS: &[(f64, &str)] = &[
    (-11.0, "Pacific/Niue Pacific/Pago_Pago"),
    (-10.0, "Pacific/Honolulu Pacific/Rarotonga Pacific/Tahiti"),
    (-9.5, "Pacific/Marquesas"),
    (-9.0, "Pacific/Gambier"),
    (-8.0, "America/Anchorage Pacific/Pitcairn"),
    (
        -7.0,
        "America/Dawson America/Phoenix America/Dawson_Creek America/Hermosillo America/Los_Angeles \
         America/Tijuana America/Vancouver America/Whitehorse",
    ),
    (
        -6.0,
        "America/Belize America/Boise America/Regina America/Tegucigalpa America/Costa_Rica Pacific/Easter \
         America/El_Salvador Pacific/Galapagos America/Guatemala America/Managua America/Denver \
         America/Mazatlan America/Edmonton America/Yellowknife",
    ),
    (
        -5.0,
        "America/Cancun America/Bogota America/Chicago America/Mexico_City America/Winnipeg America/Guayaquil \
         America/Jamaica America/Lima America/Panama America/Rio_Branco",
    ),
    (
        -4.0,
        "America/Asuncion America/Barbados America/Boa_Vista America/Campo_Grande America/Caracas \
         America/Cuiaba America/Curacao America/Detroit America/New_York America/Iqaluit America/Toronto \
         America/Grand_Turk America/Guyana America/Havana America/La_Paz America/Manaus America/Martinique \
         America/Nassau America/Port_of_Spain America/Port-au-Prince America/Porto_Velho America/Puerto_Rico \
         America/Santiago America/Santo_Domingo",
    ),
    (
        -3.0,
        "America/Araguaina America/Halifax America/Belem Atlantic/Bermuda America/Argentina/Buenos_Aires \
         America/Cayenne America/Argentina/Cordoba America/Fortaleza America/Maceio America/Montevideo \
         Antarctica/Palmer America/Paramaribo America/Punta_Arenas America/Recife Antarctica/Rothera \
         America/Bahia America/Sao_Paulo Atlantic/Stanley America/Thule",
    ),
    (-2.5, "America/St_Johns"),
    (-2.0, "America/Godthab America/Miquelon America/Noronha Atlantic/South_Georgia"),
    (-1.0, "Atlantic/Cape_Verde"),
    (
        0.0,
        "Africa/Abidjan Africa/Accra Atlantic/Azores Africa/Bissau Africa/Casablanca America/Danmarkshavn \
         Africa/El_Aaiun Etc/GMT Africa/Monrovia Atlantic/Reykjavik America/Scoresbysund UTC",
    ),
    (
        1.0,
        "Africa/Algiers Atlantic/Canary Europe/Dublin Atlantic/Faroe Africa/Lagos Europe/Lisbon Europe/London \
         Africa/Ndjamena Africa/Sao_Tome Africa/Tunis",
    ),
    (
        2.0,
        "Europe/Amsterdam Europe/Andorra Europe/Berlin Europe/Brussels Europe/Budapest Africa/Cairo \
         Europe/Belgrade Europe/Prague Africa/Ceuta Europe/Copenhagen Europe/Gibraltar Africa/Johannesburg \
         Africa/Khartoum Europe/Luxembourg Europe/Madrid Europe/Malta Africa/Maputo Europe/Monaco \
         Europe/Kaliningrad Europe/Oslo Europe/Paris Europe/Rome Europe/Stockholm Europe/Tirane \
         Africa/Tripoli Europe/Vienna Europe/Warsaw Africa/Windhoek Europe/Zurich",
    ),
    (
        3.0,
        "Asia/Amman Europe/Athens Asia/Baghdad Asia/Beirut Europe/Bucharest Europe/Chisinau Asia/Damascus \
         Asia/Gaza Europe/Helsinki Europe/Istanbul Asia/Jerusalem Europe/Kiev Europe/Minsk Europe/Moscow \
         Africa/Nairobi Asia/Nicosia Asia/Qatar Europe/Riga Asia/Riyadh Europe/Sofia Antarctica/Syowa \
         Europe/Tallinn Europe/Vilnius",
    ),
    (
        4.0,
        "Asia/Baku Asia/Dubai Indian/Mahe Indian/Mauritius Europe/Samara Indian/Reunion Asia/Tbilisi \
         Asia/Yerevan",
    ),
    (4.5, "Asia/Kabul Asia/Tehran"),
    (
        5.0,
        "Asia/Aqtau Asia/Aqtobe Asia/Ashgabat Asia/Dushanbe Asia/Karachi Indian/Kerguelen Indian/Maldives \
         Antarctica/Mawson Asia/Yekaterinburg Asia/Tashkent",
    ),
    (5.5, "Asia/Colombo Asia/Calcutta"),
    (5.75, "Asia/Katmandu"),
    (6.0, "Asia/Almaty Asia/Bishkek Indian/Chagos Asia/Dhaka Asia/Omsk Asia/Thimphu Antarctica/Vostok"),
    (6.5, "Indian/Cocos Asia/Yangon"),
    (7.0, "Asia/Bangkok Indian/Christmas Antarctica/Davis Asia/Saigon Asia/Hovd Asia/Jakarta Asia/Krasnoyarsk"),
    (
        8.0,
        "Asia/Brunei Antarctica/Casey Asia/Shanghai Asia/Choibalsan Asia/Hong_Kong Asia/Kuala_Lumpur \
         Asia/Macau Asia/Makassar Asia/Manila Asia/Irkutsk Asia/Singapore Asia/Taipei Asia/Ulaanbaatar \
         Australia/Perth",
    ),
    (9.0, "Asia/Dili Asia/Jayapura Asia/Yakutsk Pacific/Palau Asia/Pyongyang Asia/Seoul Asia/Tokyo"),
    (9.5, "Australia/Adelaide Australia/Darwin"),
    (
        10.0,
        "Antarctica/DumontDUrville Australia/Brisbane Australia/Hobart Australia/Melbourne Australia/Sydney \
         Pacific/Guam Asia/Vladivostok Pacific/Port_Moresby Pacific/Chuuk",
    ),
    (
        11.0,
        "Pacific/Efate Pacific/Guadalcanal Pacific/Kosrae Asia/Magadan Pacific/Norfolk Pacific/Noumea \
         Pacific/Pohnpei",
    ),
    (
        12.0,
        "Pacific/Auckland Pacific/Fiji Pacific/Funafuti Pacific/Kwajalein Pacific/Majuro Asia/Kamchatka \
         Pacific/Nauru Pacific/Tarawa Pacific/Wake Pacific/Wallis",
    ),
    (13.0, "Pacific/Apia Pacific/Enderbury Pacific/Fakaofo Pacific/Tongatapu"),
    (14.0, "Pacific/Kiritimati"),
];
