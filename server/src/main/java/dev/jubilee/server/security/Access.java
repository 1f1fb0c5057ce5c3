package dev.jubilee.server.security;

/** Who may call a route. */
public enum Access {
    /** Everybody, also without credentials; credentials that are given must be valid. */
    ANYONE,
    /** Any valid credentials; a player acts as itself only. */
    PLAYER,
    /** Those who run the game: services, operators, admins. */
    STAFF,
    /** Game servers and administrators. */
    SERVICE,
    /** Operators and administrators. */
    OPERATOR,
    /** Administrators. */
    ADMIN;

    /** Whether a caller of this role may pass. */
    public boolean allows(Role role) {
        return switch (this) {
            case ANYONE -> true;
            case PLAYER -> role != Role.ANONYMOUS;
            case STAFF -> role.isStaff();
            case SERVICE -> role == Role.SERVICE || role == Role.ADMIN;
            case OPERATOR -> role == Role.OPERATOR || role == Role.ADMIN;
            case ADMIN -> role == Role.ADMIN;
        };
    }
}
