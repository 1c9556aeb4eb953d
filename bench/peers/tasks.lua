-- wrk asks for one task after the other, over and over.
local tasks, number = 1000, 0
function init(arguments)
  tasks = tonumber(arguments[1]) or 1000
  number = math.random(tasks)
end
function request()
  number = number % tasks + 1
  return wrk.format("GET", "/get_task_status/" .. number .. "/2/")
end
