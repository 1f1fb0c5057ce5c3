/** Who calls: API keys, tokens, roles, and what each may do. */
@NullMarked
package dev.jubilee.server.security;

import org.jspecify.annotations.NullMarked;
