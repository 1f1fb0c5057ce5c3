package dev.jubilee.server.security;

import org.jspecify.annotations.Nullable;

/** Tells who stands behind an {@code Authorization} header. Thread-safe. */
public interface Authenticator {

    /**
     * What is already known of these credentials; never blocks, so that an event loop may ask.
     *
     * @param authorization the header's value
     * @return null when they must be looked up with {@link #authenticate}
     */
    @Nullable Principal cached(String authorization);

    /**
     * Looks the credentials up; may ask the database.
     *
     * @return null when they are unknown, malformed, expired or revoked
     */
    @Nullable Principal authenticate(String authorization);
}
