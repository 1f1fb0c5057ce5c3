@NullMarked
package dev.jubilee.server.bus.replay;

import org.jspecify.annotations.NullMarked;
