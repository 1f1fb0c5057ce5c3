package dev.jubilee.server.bus;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.jubilee.server.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;

/** An endpoint on loopback that remembers what it was sent and answers as a test wants. */
final class Receiver implements AutoCloseable {
    /** One request, with the names of its headers in lower case. */
    record Received(String path, Map<String, String> headers, String body) {
        JsonNode json() {
            return Json.tree(body);
        }

        String eventId() {
            return json().path("id").asString("");
        }
    }

    /** What is answered. */
    record Reply(int status, Map<String, String> headers, String body) {
        static Reply of(int status) {
            return new Reply(status, Map.of(), "answer " + status);
        }
    }

    /** Decides what to answer; may take its time. */
    @FunctionalInterface
    interface Behaviour {
        Reply answer(Received received) throws InterruptedException;
    }

    static {
        // It writes head and body apart, which Nagle's algorithm would answer with 40 ms each.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    final List<Received> received = new CopyOnWriteArrayList<>();
    volatile Behaviour behaviour = request -> Reply.of(200);
    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Receiver() {
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/hook";
    }

    List<String> eventIds() {
        return received.stream().map(Received::eventId).toList();
    }

    private void handle(HttpExchange exchange) throws IOException {
        Map<String, String> headers = new HashMap<>();
        exchange.getRequestHeaders()
                .forEach((name, values) ->
                        headers.put(name.toLowerCase(java.util.Locale.ROOT), values.getFirst()));
        String body =
                new String(
                        exchange.getRequestBody().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        Received request = new Received(exchange.getRequestURI().getPath(), headers, body);
        received.add(request);
        try {
            Reply reply = behaviour.answer(request);
            reply.headers().forEach(exchange.getResponseHeaders()::set);
            byte[] answer = reply.body().getBytes(java.nio.charset.StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(reply.status(), answer.length == 0 ? -1 : answer.length);
            exchange.getResponseBody().write(answer);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            exchange.close();
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        server.stop(0);
    }
}
