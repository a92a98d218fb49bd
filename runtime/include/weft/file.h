// weft/file.h: files, pipes and terminals, read and written without stopping the other fibers.
//
// Layer:  runtime, public.      See also: weft/net/socket.h, weft/subprocess.h.
#pragma once
#include <fcntl.h>
#include <sys/types.h>
#include <weft/detail/input_range.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weft {

/// How a file's calls keep from stopping the other fibers.
enum class FilePolicy : std::uint8_t {
  kAutomatic,  ///< What can be waited for is waited for; of regular files what lies in memory is
               ///< taken at once, and the disk is left to another kernel thread.
  kNonblock,   ///< O_NONBLOCK is set, for all who share the description. gevent's FileObjectPosix.
  kOffload,    ///< Each call is made by weft::blocking(). gevent's FileObjectThread.
  kBlock,      ///< Calls block their kernel thread. gevent's FileObjectBlock.
};

/// How a file is opened.
struct FileOptions {
  FilePolicy policy = FilePolicy::kAutomatic;  ///< How its calls wait.
  std::size_t buffer_bytes = std::size_t{64}
                             << 10;  ///< Bytes that are read ahead, or written later.
  mode_t permissions = 0666;         ///< Of a file that is created; umask(2) takes away.
};

/// An open file with a buffer for each direction.
///
/// Units:    sizes and offsets in bytes.
/// Errors:   std::system_error with the errno and the call: EBADF for a file that is not open.
///           EPIPE comes without SIGPIPE. Waits throw what calls off the fiber's waits; the disk is
///           not waited for so: what has begun ends. What a failed flush() has not written is kept.
/// Threads:  any, fiber or not; one at a time, but for one that reads a pipe, socket or terminal
///           while another writes. pread() and pwrite(): any number.
/// Promise:  flags that others could see are not changed, but by kNonblock. The destructor writes
///           what is left, and drops errors: call close() to hear of them.
/// Source:   gevent.fileobject; open().
///
///     weft::File log = weft::File::open("log", O_WRONLY | O_CREAT | O_APPEND);
///     log.write("ready\n");
class File {
 public:
  /// Not open.
  File() = default;
  /// Opens a path, with flags of open(2); O_CLOEXEC is added. Waits for the disk, or for the other
  /// end of a fifo, as FileOptions::policy says.
  static File open(const std::string& path, int flags = O_RDONLY, const FileOptions& options = {});
  /// Takes over a descriptor.
  static File from_fd(int fd, const FileOptions& options = {});
  /// Takes over the other's; it is not open then.
  File(File&& other) noexcept { swap(other); }
  /// The same, after closing its own.
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  /// close(), without errors.
  ~File();

  /// Whether there is a descriptor.
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  /// The descriptor, which stays the file's; -1 if it is not open.
  [[nodiscard]] int fileno() const { return fd_; }
  /// Writes what is left, and gives up the descriptor without closing it.
  [[nodiscard]] int release();
  /// Writes what is left and closes it; nothing if it is not open. It is not open afterwards, also
  /// when it throws.
  void close();

  /// Waits for some bytes; returns how many came, 0 at the end.
  std::size_t read_some(std::span<char> room);
  /// Reads until there are so many bytes, or the end.
  std::string read(std::size_t most);
  /// Reads all until the end.
  std::string read_all();
  /// A line with its "\n", which the last may lack; nothing at the end.
  std::optional<std::string> read_line();
  /// Writes all, perhaps later: see flush().
  void write(std::string_view bytes);
  /// Writes what is in the buffer.
  void flush();
  /// flush(), and fsync(2): on another kernel thread, but for kBlock.
  void sync();

  /// Reads at an offset, past the buffer, and leaves the position alone. Returns how many bytes
  /// there were.
  // NOLINTNEXTLINE(modernize-use-nodiscard): as read_some()
  std::size_t pread(std::span<char> room, off_t offset) const;
  /// Writes all at an offset, past the buffer, and leaves the position alone.
  void pwrite(std::string_view bytes, off_t offset) const;
  /// Sets the position as lseek(2), and returns it.
  off_t seek(off_t offset, int whence = SEEK_SET);
  /// The position of the next byte to be read or written.
  off_t tell();
  /// flush(), and ftruncate(2).
  void truncate(off_t size);

  /// As read_line(): what LineIterator goes on with.
  std::optional<std::string> next() { return read_line(); }
  /// Reads lines, once.
  using LineIterator = detail::InputIterator<std::string, File>;
  /// The lines from here on: `for (const std::string& line : file)`.
  LineIterator begin() { return LineIterator(*this); }
  /// Behind the last.
  std::default_sentinel_t end() { return {}; }

 private:
  friend class Subprocess;
  enum class Way : std::uint8_t { kWait, kNonblock, kMemory, kOffload, kBlock };
  explicit File(int fd, const FileOptions& options);
  void swap(File& other) noexcept;
  std::size_t read_now(void* room, std::size_t size, off_t offset) const;
  std::size_t write_now(const void* bytes, std::size_t size, off_t offset) const;
  bool fill();
  template <class Choose>
  std::string gather(Choose choose);
  void forget_ahead();
  /// Closes, and waits for nothing: what was not written may be lost.
  void drop() noexcept;
  void check_open() const;

  int fd_ = -1;
  Way way_ = Way::kBlock;
  bool is_pipe_ = false;
  std::size_t buffer_bytes_ = 0;
  std::string ahead_;  // read; from taken_ on
  std::size_t taken_ = 0;
  std::string unwritten_;
};

}  // namespace weft
