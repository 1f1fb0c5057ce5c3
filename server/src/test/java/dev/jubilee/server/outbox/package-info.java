@NullMarked
package dev.jubilee.server.outbox;

import org.jspecify.annotations.NullMarked;
