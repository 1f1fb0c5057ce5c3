package dev.jubilee.server.security;

import java.util.Locale;

/** What a caller is. */
public enum Role {
    /** May do everything. */
    ADMIN,
    /** May look at everything and operate what exists: replay, pause, redrive. */
    OPERATOR,
    /** A game server: publishes, and acts for any player by naming it. */
    SERVICE,
    /** A player: acts as itself only. */
    PLAYER,
    /** No credentials were given. */
    ANONYMOUS;

    /** The role as it is written in tokens, tables and answers. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether it belongs to those who run the game: they see what is not published yet. */
    public boolean isStaff() {
        return this == ADMIN || this == OPERATOR || this == SERVICE;
    }

    /** The role written so, refusing anything else. */
    public static Role of(String text) {
        return valueOf(text.toUpperCase(Locale.ROOT));
    }
}
