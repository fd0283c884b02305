//! Spanish.

use super::{
    Chart, Created, Credentials, CredentialsScript, Form, FormScript, Frame, MyLinks, MyLinksScript, Preview, Words,
};
use crate::domain::code::{CodeError, MAX_LENGTH, MIN_LENGTH};
use crate::domain::expiry::ExpiryError;
use crate::domain::host_rules::HostRuleError;
use crate::domain::target::{MAX_BYTES, TargetError};
use crate::http::language::Language;
use crate::http::problem::ProblemKind;
use crate::http::reason::Reason;

pub(super) static WORDS: Words = Words {
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    date: |day, month, year| format!("{day} de {month} de {year}"),
    units: [("año", "años"), ("día", "días"), ("hora", "horas"), ("minuto", "minutos"), ("segundo", "segundos")],
    within: |duration| format!("en {duration}"),
    ago: |duration| format!("hace {duration}"),
    thousands_separator: '.',
};

pub(super) static FRAME: Frame = Frame {
    api: "API",
    about: |name| format!("Acerca de {name}"),
    make: "Acortar un enlace",
    qr_code: "Código QR",
    qr_code_of: |url| format!("Código QR de {url}"),
    qr_code_lead: |svg, png| format!("Para carteles, diapositivas y pantallas. Guárdelo como {svg} o {png}."),
    copy: "Copiar",
    copied: "Copiado",
};

pub(super) static PREVIEW: Preview = Preview {
    title: |code| format!("Adónde lleva /{code}"),
    heading: "Este enlace corto lleva a",
    go_to: |host| format!("Ir a {host}"),
    short_link: "Enlace corto",
    created: "Creado",
    expires: "Caduca",
    visits: "Visitas",
    last_visit: "Última visita",
    never: "Nunca",
    none_yet: "Aún no hay visitas",
    report: "Denunciar este enlace",
    host: |unicode, ascii| format!("El host es {unicode} (en ASCII: {ascii})."),
    look_alike: |unicode, ascii, other| {
        let instead = other.map(|other| format!(" No es {other}.")).unwrap_or_default();
        format!("Cuidado: algunas letras del host {unicode} se parecen a otras.{instead} En ASCII se escribe {ascii}.")
    },
};

pub(super) static CHART: Chart = Chart {
    heading: "Visitas por día",
    visits: |count, is_one| format!("{count} {}", if is_one { "visita" } else { "visitas" }),
    total: |visits, days, most| match most {
        Some(most) => format!("{visits} en los últimos {days} días, con un máximo de {most} en un día."),
        None => format!("{visits} en los últimos {days} días."),
    },
    none: |days| format!("Ninguna visita en los últimos {days} días."),
    bots: |count, is_one| {
        format!("Además, {count} {} de bots, que no se cuentan.", if is_one { "visita" } else { "visitas" })
    },
    summary: |first, last, busiest, visits| {
        format!("Una barra por día, del {first} al {last}. El día con más visitas fue el {busiest}, con {visits}.")
    },
    table: "Mostrar como tabla",
    columns: ["Día (UTC)", "Visitas", "Bots"],
};

pub(super) static FORM: Form = Form {
    heading: "Acortar un enlace",
    lead: "Pegue un enlace y obtenga uno corto con código QR. No hace falta cuenta.",
    lead_with_credentials: "Pegue un enlace y obtenga uno corto con código QR.",
    url: "Dirección web",
    shorten: "Acortar",
    alias: "Terminación personalizada",
    optional: "(opcional)",
    alias_hint: |min, max| {
        format!(
            "De {min} a {max} letras (A–Z), cifras, guiones o guiones bajos; al principio y al final, una letra o una cifra"
        )
    },
    expires: "Caduca",
    never: "nunca",
    the_expiry: "La caducidad",
    use_instead: "Use en su lugar:",
    try_instead: |aliases| format!("Pruebe con {}.", aliases.join(" o ")),
    my_links: "Mis enlaces",
    elsewhere: "Acortar desde cualquier lugar",
    elsewhere_lead: |bookmark| {
        format!(
            "En un ordenador, arrastre {bookmark} a la barra de marcadores: acorta la página en la que esté. Su navegador también puede añadir \
             este sitio a sus motores de búsqueda, y un teléfono Android puede instalarlo como aplicación, que aparece entonces en el menú de compartir."
        )
    },
    closed: "Es necesario iniciar sesión",
    closed_lead: "Este servicio crea enlaces para quienes tienen un token de acceso. Pídaselo al operador. La \
                  <a href=\"./docs\">descripción de la API</a> (en inglés) explica cómo usarlo.",
    script: FormScript {
        shortening: "Acortando…",
        ready: "Su enlace corto está listo.",
        unreachable: "No se puede conectar con el servicio. Compruebe su conexión e inténtelo de nuevo.",
        busy: "El servicio está ocupado. Inténtelo de nuevo en un momento.",
        too_many: "El servicio recibe demasiadas peticiones. Inténtelo de nuevo en un minuto.",
        first_taken: "Del texto pegado se ha tomado la primera dirección web.",
        taken: "{} ya está en uso.",
        free: "{} está disponible.",
        copied: "Copiado.",
        on_date: "en una fecha…",
        date: "Fecha y hora",
        undone: "El enlace se ha retirado.",
        not_undone: "No se ha podido retirar el enlace. Inténtelo de nuevo en un momento.",
    },
};

pub(super) static CREATED: Created = Created {
    heading: "Su enlace está listo",
    existed: "Este enlace ya existe",
    leads_to: |target| format!("Lleva a {target}"),
    expires: |within, instant| format!("y caduca {within}, el {instant}."),
    never_expires: "y no caduca nunca.",
    short_link: "Enlace corto",
    share: "Compartir",
    undo: "Retirar",
    preview: "Vista previa",
    another: "Acortar otro",
    manage: "Cambiar o retirar este enlace más tarde",
    manage_lead: "Necesita este token de gestión. Guárdelo ahora: no se mostrará de nuevo. Quien lo tenga puede cambiar o \
                  retirar el enlace.",
    example: "Por ejemplo, en una terminal:",
};

pub(super) static CREDENTIALS: Credentials = Credentials {
    api_key: "Clave de API",
    api_key_hint: "Se la da el operador de este servicio. Esta página la olvida al salir o al recargarla.",
    api_key_needs_script: "Sin JavaScript, esta página no puede enviar su clave de API. Active JavaScript o use la \
                           <a href=\"./docs\">API</a>.",
    account: "Para esto hace falta una cuenta.",
    sign_in: "Iniciar sesión",
    sign_in_needs_script: "Sin JavaScript, en esta página no se puede iniciar sesión. Active JavaScript o envíe un token de \
                           acceso con la <a href=\"./docs\">API</a>.",
    script: CredentialsScript {
        wrong_key: "Esta clave de API no es válida. Compruebe que esté bien escrita.",
        no_key: "Introduzca su clave de API.",
        weak_key: "Con esta clave de API no puede crear enlaces. Use otra.",
        failed: "No se ha podido iniciar sesión. Inténtelo de nuevo; si vuelve a fallar, avise al operador.",
        needs_https: "Para iniciar sesión hace falta una conexión cifrada. Abra esta página con https://.",
        needs_storage: "Para iniciar sesión, este sitio debe poder guardar datos en el navegador. Permítalo e inténtelo de nuevo.",
        not_started: "Este inicio de sesión no comenzó en esta página o ya ha terminado. Inicie sesión de nuevo.",
        cancelled: "Ha cancelado el inicio de sesión o no puede iniciar sesión aquí.",
        attempt_expired: "Este inicio de sesión ha caducado. Inicie sesión de nuevo.",
        unreachable: "No se puede conectar con el servicio de inicio de sesión. Inténtelo de nuevo en un momento.",
        expired: "Su sesión ha caducado. Inicie sesión de nuevo.",
        not_allowed: "Con su cuenta no puede crear enlaces. Pregunte al operador de este servicio.",
    },
};

pub(super) static MY_LINKS: MyLinks = MyLinks {
    heading: "Mis enlaces",
    of_browser: "Los enlaces creados con este navegador. La lista se guarda solo en este navegador.",
    of_key: "Los enlaces que pertenecen a su clave de API.",
    of_account: "Los enlaces que pertenecen a su cuenta.",
    closed: "Los enlaces que usted crea pertenecen a su cuenta. La <a href=\"./docs#listLinks\">API</a> los enumera.",
    needs_script: "Esta página necesita JavaScript. También puede cambiar un enlace sin él: envíe su token de gestión con la \
                   <a href=\"./docs\">API</a>.",
    search: "Buscar",
    show_more: "Mostrar más",
    show: "Mostrar mis enlaces",
    save_file: "Guardar la lista en un archivo",
    add_file: "Añadir una lista de un archivo",
    file_hint: "El archivo contiene los tokens de gestión: quien lo tenga puede cambiar los enlaces.",
    script: MyLinksScript {
        heading: "Mis enlaces",
        cannot_store: "Este navegador no puede guardar la lista.",
        unreachable: "No se puede conectar con el servicio. Compruebe su conexión e inténtelo de nuevo.",
        busy: "El servicio está ocupado. Inténtelo de nuevo en un momento.",
        url: "La dirección web",
        the_expiry: "La caducidad",
        changed_meanwhile: "Otra persona ha cambiado {} entretanto. Inténtelo de nuevo.",
        no_link: "{} ya no existe, o su token es otro.",
        changed: "Cambiado. Lo verán todos los visitantes; hora límite: {}.",
        copied_text: "Se ha copiado {}",
        made: "Creado el {}.",
        withdrawn: "Retirado.",
        never_expires: "No caduca nunca.",
        expired: "Caducó el {}.",
        expires: "Caduca el {}.",
        qr_code: "Código QR",
        copy: "Copiar",
        copied: "Copiado",
        visits: "Visitas",
        edit: "Editar",
        restore: "Restaurar",
        withdraw: "Retirar",
        forget: "Quitar de la lista",
        forget_question: "¿Quitar el enlace de esta lista? Seguirá funcionando, pero usted ya no podrá cambiarlo.",
        as_it_is: "sin cambios",
        never: "nunca",
        on_date: "en una fecha…",
        date: "Fecha y hora",
        leads_to: "Lleva a",
        expiry: "Caduca",
        save: "Guardar",
        cancel: "Cancelar",
        no_links: "Aún no hay enlaces. Los que cree aparecerán en esta lista.",
        latest: "los últimos {}",
        links: ["enlace", "enlaces"],
        found: "{} de {}",
        visits_of: "Visitas a {}",
        all: "Todos mis enlaces",
        last_visit: "desde que se creó el enlace. La última fue el {}.",
        no_visits: "Aún no hay visitas. Comparta el enlace o su código QR y vuelva.",
        save_csv: "Guardar como CSV",
        the_last: "Los últimos",
        days: ["día", "días"],
        no_visits_in: "Ninguna visita en los últimos {}. Elija un período más largo.",
        visit: ["visita", "visitas"],
        bot: ["visita de bots", "visitas de bots"],
        bots_came: [
            "{}. Además, {} visita de bots, que no se cuenta.",
            "{}. Además, {} visitas de bots, que no se cuentan.",
        ],
        bots: "Bots",
        day: "Día",
        day_utc: "Día (UTC)",
        table: "Mostrar como tabla",
        sites: "Sitios de origen",
        countries: "Países",
        devices: "Dispositivos",
        device: ["Teléfono", "Tableta", "Ordenador"],
        other: "Otros",
        months: "{} a {}",
        not_in_list: "Este enlace no está en la lista de este navegador.",
        added: ["enlace añadido.", "enlaces añadidos."],
        no_list: "Este archivo no es una lista de enlaces.",
    },
};

/// See [`texts::problem_title`](super::problem_title).
pub(super) fn problem_title(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::InvalidUrl => "Esta dirección no se puede acortar",
        ProblemKind::InvalidAlias => "Esta terminación no se puede usar",
        ProblemKind::InvalidExpiry => "Esta caducidad no se puede usar",
        ProblemKind::Unauthorized => "Faltan las credenciales o no son correctas",
        ProblemKind::Forbidden => "Estas credenciales no lo permiten",
        ProblemKind::HostBlocked => "Este host está bloqueado",
        ProblemKind::HostNotAllowed => "No se permiten enlaces a este host",
        ProblemKind::NotFound => "Enlace no encontrado",
        ProblemKind::AliasTaken => "Esta terminación ya está en uso",
        ProblemKind::Gone => "Este enlace ha caducado",
        ProblemKind::Withdrawn => "Este enlace se ha retirado",
        ProblemKind::Blocked => "Este enlace está bloqueado",
        ProblemKind::LimitReached => "Hoy se han creado demasiados enlaces",
        ProblemKind::Internal => "Algo ha salido mal",
        ProblemKind::Unavailable => "No disponible por el momento",
        other => other.title(),
    }
}

/// See [`texts::reason`](super::reason).
pub(super) fn reason(reason: &Reason) -> Option<String> {
    let words = super::words(Language::Spanish);
    Some(match reason {
        Reason::NoTarget | Reason::Target(TargetError::Empty) => "Pegue primero un enlace.".to_owned(),
        Reason::Target(error) => match error {
            TargetError::Empty | TargetError::Relative | TargetError::Syntax(_) => {
                "Eso no parece una dirección web. Pruebe algo como example.com/pagina.".to_owned()
            }
            TargetError::TooLong => {
                format!("Esta dirección web tiene más de {} caracteres.", words.number(MAX_BYTES as u64))
            }
            TargetError::ControlCharacter { .. } => {
                "Esta dirección web contiene un salto de línea, un tabulador u otro carácter de control. Quítelo."
                    .to_owned()
            }
            TargetError::InvisibleCharacter { character } => {
                format!("Esta dirección web contiene un carácter invisible, U+{:04X}. Quítelo.", u32::from(*character))
            }
            TargetError::Scheme { .. } => "Solo se pueden acortar enlaces web (http o https).".to_owned(),
            TargetError::Credentials => {
                "Quite el usuario y la contraseña delante de la @: cualquiera con el enlace corto los vería.".to_owned()
            }
            TargetError::LocalName { host } => {
                format!("«{host}» solo existe en su propia red; el enlace no funcionaría para los demás.")
            }
            TargetError::ReservedName { host } => format!("«{host}» es un nombre reservado sin dirección pública."),
            TargetError::SpecialAddress { address } => {
                format!("{address} es una dirección privada a la que otras personas no pueden llegar.")
            }
            TargetError::OwnHost => {
                "Esta dirección ya pertenece a este servicio. Pegue la dirección a la que debe llevar el enlace corto.".to_owned()
            }
        },
        Reason::Host(HostRuleError::Blocked { host }) => {
            format!("El operador de este servicio no permite enlaces a {host}.")
        }
        Reason::Host(HostRuleError::NotAllowed { host, allowed }) => {
            format!("Los enlaces no pueden llevar a {host}, sino solo a estos hosts: {allowed}.")
        }
        Reason::Alias { error, text, .. } => match error {
            CodeError::Length { length } => {
                format!("Use de {MIN_LENGTH} a {MAX_LENGTH} caracteres; «{text}» tiene {length}.")
            }
            CodeError::Character { character } if character.is_whitespace() => "No se permiten espacios.".to_owned(),
            CodeError::Character { character } => {
                format!("«{character}» no se permite. Use las letras de la A a la Z, cifras, - y _.")
            }
            CodeError::Ends => "Debe empezar y terminar con una letra o una cifra.".to_owned(),
            CodeError::Reserved => format!("«{text}» está reservado. Elija otro."),
        },
        Reason::AliasTaken { alias, .. } => format!("«{alias}» ya está en uso. Elija otra terminación."),
        Reason::Expiry(ExpiryError::OutOfBounds { min, max, .. }) => {
            format!("Elija una caducidad entre {} y {} a partir de ahora.", words.duration(*min), words.duration(*max))
        }
        Reason::Expiry(ExpiryError::Past { .. }) => "Ese momento ya ha pasado. Elija uno posterior.".to_owned(),
        Reason::Expiry(ExpiryError::NeverNotAllowed) => {
            "Este servicio no permite enlaces que no caduquen nunca.".to_owned()
        }
        Reason::UnknownLink { segment: Some(segment) } => {
            format!(
                "No hay ningún enlace en /{segment}. Compruebe que la dirección esté bien escrita: se distinguen mayúsculas y minúsculas."
            )
        }
        Reason::UnknownLink { segment: None } => {
            "No hay ningún enlace en esta dirección. Compruebe que la dirección esté bien escrita: se distinguen mayúsculas y minúsculas."
                .to_owned()
        }
        Reason::Expired { at: Some(at), now } => format!(
            "Caducó {}, el {}. Pida uno nuevo a la persona que se lo envió.",
            words.ago(now.since(*at)),
            words.instant(*at)
        ),
        Reason::Withdrawn => {
            "Quien creó este enlace lo ha retirado. Pida uno nuevo a la persona que se lo envió.".to_owned()
        }
        Reason::Blocked { contact: None } => {
            "El operador de este servicio ha bloqueado este enlace por un uso indebido.".to_owned()
        }
        Reason::Blocked { contact: Some(contact) } => format!(
            "El operador de este servicio ha bloqueado este enlace por un uso indebido. Si cree que es un error, diríjase a \
             {contact}."
        ),
        Reason::Busy => "El servicio está ocupado. Inténtelo de nuevo en un momento.".to_owned(),
        Reason::OperatorRequired => {
            "El servicio tiene una avería que debe reparar su operador. Inténtelo de nuevo más tarde.".to_owned()
        }
        Reason::Text(_) | Reason::Expired { at: None, .. } | Reason::Internal => return None,
    })
}
