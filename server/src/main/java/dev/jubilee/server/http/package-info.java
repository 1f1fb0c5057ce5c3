/**
 * The HTTP edge: routing, strict input, problem details. Features see two shapes of handler and
 * nothing of Vert.x.
 */
@NullMarked
package dev.jubilee.server.http;

import org.jspecify.annotations.NullMarked;
