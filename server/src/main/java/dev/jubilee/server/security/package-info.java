/** Who calls, and what each role may do. The vocabulary that every route speaks. */
@NullMarked
package dev.jubilee.server.security;

import org.jspecify.annotations.NullMarked;
