/**
 * API keys and tokens: making, verifying, rotating and revoking them. {@link
 * dev.jubilee.server.credentials.Credentials} is the way in.
 */
@NullMarked
package dev.jubilee.server.credentials;

import org.jspecify.annotations.NullMarked;
