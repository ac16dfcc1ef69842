//! All that the pages say. A text that a language lacks does not compile.

use primehub_pages::Language;

/// The texts of one language.
pub(in crate::http) struct Texts {
    /// What has happened to whoever asks too often.
    pub(in crate::http) too_fast: Notice,
    /// A body that is far longer than any form.
    pub(in crate::http) too_long: Notice,
    /// Something cannot be reached.
    pub(in crate::http) unavailable: Notice,
    /// Something of ours is broken.
    pub(in crate::http) internal: Notice,
    /// Getting an API token.
    pub(in crate::http) token: TokenTexts,
    /// Accepting an invitation.
    pub(in crate::http) invitation: InvitationTexts,
}

impl Texts {
    /// All that the pages say in `language`.
    pub(in crate::http) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::German => &GERMAN,
        }
    }
}

/// A page that only says something.
pub(in crate::http) struct Notice {
    pub(in crate::http) title: &'static str,
    pub(in crate::http) text: &'static str,
}

/// What is said on the way to an API token.
pub(in crate::http) struct TokenTexts {
    pub(in crate::http) title: &'static str,
    pub(in crate::http) introduction: &'static str,
    pub(in crate::http) field: &'static str,
    pub(in crate::http) hint: &'static str,
    pub(in crate::http) warning: &'static str,
    /// Leads to the start.
    pub(in crate::http) again: &'static str,
    /// Neither a code nor an error came back.
    pub(in crate::http) incomplete: Notice,
    /// Another browser has begun, or nobody.
    pub(in crate::http) foreign: Notice,
    pub(in crate::http) expired: Notice,
    pub(in crate::http) denied: Notice,
    pub(in crate::http) login_needed: Notice,
    /// Errors of the provider that have no text of their own.
    pub(in crate::http) failed: Notice,
}

/// What invited people are told.
pub(in crate::http) struct InvitationTexts {
    pub(in crate::http) title: &'static str,
    pub(in crate::http) introduction: &'static str,
    pub(in crate::http) username: &'static str,
    pub(in crate::http) username_hint: &'static str,
    pub(in crate::http) username_missing: &'static str,
    pub(in crate::http) username_refused: &'static str,
    pub(in crate::http) submit: &'static str,
    /// Stands before the title of the page while something is wrong with the form.
    pub(in crate::http) error: &'static str,
    pub(in crate::http) created: &'static str,
    pub(in crate::http) created_introduction: &'static str,
    pub(in crate::http) password: &'static str,
    pub(in crate::http) password_hint: &'static str,
    pub(in crate::http) log_in: &'static str,
    pub(in crate::http) invalid: Notice,
    pub(in crate::http) expired: Notice,
    pub(in crate::http) no_more_accounts: Notice,
    /// The form was sent by a page from elsewhere.
    pub(in crate::http) cross_site: Notice,
}

const ENGLISH: Texts = Texts {
    too_fast: Notice {
        title: "Too many requests",
        text: "There were too many requests from your network. Please wait a moment and try again.",
    },
    too_long: Notice { title: "Too much input", text: "What was sent is longer than anything that belongs here." },
    unavailable: Notice {
        title: "Not available right now",
        text: "A part of the platform that is needed here cannot be reached. Try again in a moment.",
    },
    internal: Notice {
        title: "Something went wrong",
        text: "This is not your fault. Try again in a moment, and tell the administrators if it stays like this.",
    },
    token: TokenTexts {
        title: "Code for your API token",
        introduction: "You are logged in. Copy this code and paste it into the terminal that waits for it.",
        field: "Code",
        hint: "It works once, and soon expires: paste it within a minute.",
        warning: "Do not give it to anybody: whoever has it can use the platform in your name. If you did not ask for an API token yourself, close this page.",
        again: "Start again",
        incomplete: Notice {
            title: "No code came back",
            text: "The login page sends people to this address, and adds a code to it. There is none. Open the address that your terminal shows again.",
        },
        foreign: Notice {
            title: "This login began elsewhere",
            text: "The login was begun in another browser, or a newer attempt was made in this one. Open the address that your terminal shows again, and stay in the same browser.",
        },
        expired: Notice {
            title: "This login took too long",
            text: "A login has to be finished within ten minutes. Open the address that your terminal shows again.",
        },
        denied: Notice {
            title: "No API token",
            text: "Access was denied at the login page, so there is no API token.",
        },
        login_needed: Notice {
            title: "Login needed",
            text: "The login was not finished. Open the address that your terminal shows again.",
        },
        failed: Notice {
            title: "The login has failed",
            text: "The login page reports an error. Try again, and tell the administrators if it stays like this.",
        },
    },
    invitation: InvitationTexts {
        title: "You are invited",
        introduction: "Choose a username, and you get an account with a first password.",
        username: "Username",
        username_hint: "Lowercase letters a to z, digits, and - _ . @; the first character is a letter or a digit.",
        username_missing: "Please enter a username.",
        username_refused: "This username is taken or not allowed. Please choose another one.",
        submit: "Create account",
        error: "Error",
        created: "Your account is ready",
        created_introduction: "Note both down now: the password is shown only this once.",
        password: "First password",
        password_hint: "You choose one of your own when you log in for the first time.",
        log_in: "Log in",
        invalid: Notice {
            title: "This invitation is not valid",
            text: "It was used already, or its address is not complete. Please ask whoever invited you for another one.",
        },
        expired: Notice {
            title: "This invitation has expired",
            text: "Invitations are good for one day. Please ask whoever invited you for another one.",
        },
        no_more_accounts: Notice {
            title: "No more accounts",
            text: "The licence of this installation allows no more accounts. Please tell whoever invited you; the invitation stays good until it expires.",
        },
        cross_site: Notice {
            title: "Not from this page",
            text: "The form was sent by a page of another site. Please open the address of your invitation and use the form there.",
        },
    },
};

const GERMAN: Texts = Texts {
    too_fast: Notice {
        title: "Zu viele Anfragen",
        text: "Aus Ihrem Netz kamen zu viele Anfragen. Bitte warten Sie einen Moment und versuchen Sie es erneut.",
    },
    too_long: Notice {
        title: "Eingabe zu lang",
        text: "Was gesendet wurde, ist länger als alles, was hierher gehört.",
    },
    unavailable: Notice {
        title: "Zurzeit nicht verfügbar",
        text: "Ein Teil der Plattform, der hier gebraucht wird, ist nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.",
    },
    internal: Notice {
        title: "Etwas ist schiefgegangen",
        text: "Das liegt nicht an Ihnen. Bitte versuchen Sie es gleich noch einmal, und informieren Sie die Administration, wenn es so bleibt.",
    },
    token: TokenTexts {
        title: "Code für Ihr API-Token",
        introduction: "Sie sind angemeldet. Bitte kopieren Sie diesen Code und fügen Sie ihn in das Terminal ein, das darauf wartet.",
        field: "Code",
        hint: "Er gilt nur einmal und läuft bald ab: Fügen Sie ihn innerhalb einer Minute ein.",
        warning: "Geben Sie ihn niemandem: Wer ihn hat, kann die Plattform in Ihrem Namen benutzen. Wenn Sie selbst kein API-Token angefordert haben, schließen Sie diese Seite.",
        again: "Neu beginnen",
        incomplete: Notice {
            title: "Es kam kein Code zurück",
            text: "Die Anmeldeseite leitet zu dieser Adresse weiter und hängt einen Code an. Er fehlt. Bitte öffnen Sie die Adresse aus Ihrem Terminal noch einmal.",
        },
        foreign: Notice {
            title: "Diese Anmeldung begann anderswo",
            text: "Die Anmeldung wurde in einem anderen Browser begonnen, oder in diesem gab es einen neueren Versuch. Bitte öffnen Sie die Adresse aus Ihrem Terminal noch einmal und bleiben Sie im selben Browser.",
        },
        expired: Notice {
            title: "Diese Anmeldung hat zu lange gedauert",
            text: "Eine Anmeldung muss innerhalb von zehn Minuten abgeschlossen sein. Bitte öffnen Sie die Adresse aus Ihrem Terminal noch einmal.",
        },
        denied: Notice {
            title: "Kein API-Token",
            text: "Der Zugriff wurde auf der Anmeldeseite verweigert, daher gibt es kein API-Token.",
        },
        login_needed: Notice {
            title: "Anmeldung nötig",
            text: "Die Anmeldung wurde nicht abgeschlossen. Bitte öffnen Sie die Adresse aus Ihrem Terminal noch einmal.",
        },
        failed: Notice {
            title: "Die Anmeldung ist fehlgeschlagen",
            text: "Die Anmeldeseite meldet einen Fehler. Bitte versuchen Sie es noch einmal, und informieren Sie die Administration, wenn es so bleibt.",
        },
    },
    invitation: InvitationTexts {
        title: "Sie sind eingeladen",
        introduction: "Wählen Sie einen Benutzernamen, und Sie erhalten ein Konto mit einem ersten Passwort.",
        username: "Benutzername",
        username_hint: "Kleinbuchstaben a bis z, Ziffern und - _ . @; das erste Zeichen ist ein Buchstabe oder eine Ziffer.",
        username_missing: "Bitte geben Sie einen Benutzernamen ein.",
        username_refused: "Dieser Benutzername ist vergeben oder nicht erlaubt. Bitte wählen Sie einen anderen.",
        submit: "Konto anlegen",
        error: "Fehler",
        created: "Ihr Konto ist bereit",
        created_introduction: "Bitte notieren Sie beides jetzt: Das Passwort wird nur dieses eine Mal angezeigt.",
        password: "Erstes Passwort",
        password_hint: "Bei der ersten Anmeldung wählen Sie ein eigenes.",
        log_in: "Anmelden",
        invalid: Notice {
            title: "Diese Einladung ist ungültig",
            text: "Sie wurde schon benutzt, oder ihre Adresse ist unvollständig. Bitte lassen Sie sich erneut einladen.",
        },
        expired: Notice {
            title: "Diese Einladung ist abgelaufen",
            text: "Einladungen gelten einen Tag. Bitte lassen Sie sich erneut einladen.",
        },
        no_more_accounts: Notice {
            title: "Keine weiteren Konten",
            text: "Die Lizenz dieser Installation erlaubt keine weiteren Konten. Bitte informieren Sie die Person, die Sie eingeladen hat; die Einladung gilt bis zu ihrem Ablauf weiter.",
        },
        cross_site: Notice {
            title: "Nicht von dieser Seite",
            text: "Das Formular wurde von einer anderen Website gesendet. Bitte öffnen Sie die Adresse Ihrer Einladung und benutzen Sie das Formular dort.",
        },
    },
};
