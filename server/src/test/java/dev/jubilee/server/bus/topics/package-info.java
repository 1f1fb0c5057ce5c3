@NullMarked
package dev.jubilee.server.bus.topics;

import org.jspecify.annotations.NullMarked;
