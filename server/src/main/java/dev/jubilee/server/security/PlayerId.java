package dev.jubilee.server.security;

/**
 * What may name a player: 1 to 64 characters, none of control and not only blanks; a UUID as well
 * as a name.
 */
public final class PlayerId {
    public static final int MAX_LENGTH = 64;

    private PlayerId() {}

    /** Whether the text can be a player's id. */
    public static boolean isOne(String text) {
        return !text.isBlank()
                && text.length() <= MAX_LENGTH
                && text.chars().noneMatch(Character::isISOControl);
    }
}
