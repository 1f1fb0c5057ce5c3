package dev.jubilee.events.redis.store;

import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Lua that the server runs in one step, known to it by its digest. A server that was restarted is
 * told it again. It answers with a list. Thread-safe.
 */
final class Script {
    private final String text;
    private final String digest;

    /** A script that the server of this connection is told. */
    Script(RedisAsyncCommands<String, String> redis, String text) {
        this.text = text;
        this.digest = redis.digest(text);
        var unused = redis.scriptLoad(text);
    }

    CompletableFuture<List<Object>> run(
            RedisAsyncCommands<String, String> redis, List<String> keys, List<String> arguments) {
        String[] at = keys.toArray(String[]::new);
        String[] with = arguments.toArray(String[]::new);
        return redis.<List<Object>>evalsha(digest, ScriptOutputType.MULTI, at, with)
                .toCompletableFuture()
                .exceptionallyCompose(failure -> {
                    Throwable cause =
                            failure instanceof CompletionException ? failure.getCause() : failure;
                    return cause instanceof RedisNoScriptException
                            ? redis.<List<Object>>eval(text, ScriptOutputType.MULTI, at, with)
                            : CompletableFuture.failedFuture(failure);
                });
    }

    /** A number of the answer. */
    static long number(List<Object> answer, int index) {
        return (Long) answer.get(index);
    }
}
