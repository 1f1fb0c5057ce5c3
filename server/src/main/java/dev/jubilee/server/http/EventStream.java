package dev.jubilee.server.http;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An answer that goes on: <a
 * href="https://html.spec.whatwg.org/multipage/server-sent-events.html">server-sent events</a>.
 * Written by the virtual thread of its request, which may wait: a slow reader slows it down.
 */
public final class EventStream {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Exchange exchange;
    private final Context context;
    private volatile boolean ending;
    private volatile Runnable atEnd = () -> {};

    EventStream(Exchange exchange, Context context) {
        this.exchange = exchange;
        this.context = context;
    }

    /** Sends the head; until it is done nothing else is. */
    void open() {
        onLoop(done -> {
            HttpServerResponse response = exchange.streaming();
            exchange.request.connection().shutdownHandler(v -> end());
            response.closeHandler(v -> end());
            response.setStatusCode(200)
                    .setChunked(true)
                    .putHeader("Content-Type", "text/event-stream")
                    .putHeader("Cache-Control", "no-store")
                    .write(Buffer.buffer(": open\n\n"))
                    .onComplete(written -> done.complete(written.succeeded()));
        });
    }

    private void end() {
        ending = true;
        atEnd.run();
    }

    /**
     * Sets a listener, which is called on the event loop when nobody reads any more or the port is
     * to end.
     */
    public void atEnd(Runnable listener) {
        atEnd = listener;
        if (!isOpen()) {
            listener.run();
        }
    }

    /** Whether somebody still reads, and the port goes on. */
    public boolean isOpen() {
        return !ending && !exchange.gone();
    }

    /**
     * The text of one write: whole events, or comments. Written once into what the network takes.
     * For one thread.
     */
    public static final class Text {
        private final Buffer bytes;

        /**
         * @param size about how many bytes it will have
         */
        public Text(int size) {
            this.bytes = Buffer.buffer(size);
        }

        public Text append(String text) {
            bytes.appendString(text);
            return this;
        }

        /** Appends bytes of UTF-8. */
        public Text append(byte[] text, int offset, int length) {
            bytes.appendBytes(text, offset, length);
            return this;
        }

        @Override
        public String toString() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    /**
     * Sends text as it is; nothing may be appended to it afterwards.
     *
     * @return whether it was handed to the network
     */
    public boolean send(Text text) {
        return isOpen()
                && onLoop(done ->
                        exchange.request
                                .response()
                                .write(text.bytes)
                                .onComplete(written -> done.complete(written.succeeded())));
    }

    /** Ends the answer. */
    public void close() {
        context.runOnContext(v -> exchange.streamed());
    }

    private interface Step {
        void run(CompletableFuture<Boolean> done);
    }

    private boolean onLoop(Step step) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        context.runOnContext(v -> {
            try {
                step.run(done);
            } catch (IllegalStateException e) {
                // The connection is closed.
                done.complete(false);
            }
        });
        try {
            return done.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }
}
