/**
 * Requests to endpoints that others chose: bounded in time and size, and never to where they must
 * not go.
 */
@NullMarked
package dev.jubilee.server.http.client;

import org.jspecify.annotations.NullMarked;
