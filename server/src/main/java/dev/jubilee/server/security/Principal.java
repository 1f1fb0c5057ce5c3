package dev.jubilee.server.security;

/**
 * Who calls.
 *
 * @param id the key's id for a key, the player's id for a player; stable, safe to log
 */
public record Principal(String id, Role role) {
    /** Nobody in particular. */
    public static final Principal ANONYMOUS = new Principal("anonymous", Role.ANONYMOUS);

    /** The platform itself, acting on the clock. */
    public static final Principal PLATFORM = new Principal("platform", Role.ADMIN);
}
